"""The exporters of the marketplaces, and the keys of their accounts."""

from __future__ import annotations

from dcov.config.settings import ApiKey, Settings
from dcov.converge.resource import Resource
from dcov.secret import Secret
from dcov.stack.component import RUNPOD, VASTAI, Component
from dcov.stack.environment import environment_file, environment_path

VARIABLES = {VASTAI.name: "VASTAI_API_KEYS", RUNPOD.name: "RUNPOD_API_KEYS"}


def files(component: Component, *, settings: Settings) -> tuple[Resource, ...]:
    """Return the file with the keys of its accounts, `name:key` with commas in between."""
    accounts = _accounts(component, settings=settings)
    joined = ",".join(f"{item.name}:{item.key.reveal()}" for item in accounts)
    path = environment_path(component.name)
    return (environment_file(path, {VARIABLES[component.name]: Secret(joined)}),)


def _accounts(component: Component, *, settings: Settings) -> tuple[ApiKey, ...]:
    if component is RUNPOD:
        return settings.runpod.api_keys
    vast = settings.vast
    alone = (ApiKey(key=vast.api_key),) if vast.api_key is not None else ()
    return (*vast.api_keys, *alone)
