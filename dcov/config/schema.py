"""The JSON schema of fleet-config.yaml, for editors and for the documentation."""

from __future__ import annotations

from typing import Any

from dcov.config.known import KNOWN, KnownKey
from dcov.config.settings import Settings

IDENTITY = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema; keys that dcov adds carry `"dcov": "added"`.

    What is accepted without effect is `deprecated`, with the reason as its description.
    """
    made = {"$schema": IDENTITY, **Settings.model_json_schema(by_alias=False)}
    for known in KNOWN:
        _properties(made, known)[known.path[-1]] = {
            "description": f"No effect: {known.reason}. Instead: {known.instead}.",
            "deprecated": True,
        }
    return made


def _properties(made: dict[str, Any], known: KnownKey) -> dict[str, Any]:
    """Return the properties among which this key stands."""
    holder = made
    for step in known.path[:-1]:
        holder = made["$defs"][_reference(holder["properties"][step])]
    properties = holder["properties"]
    assert isinstance(properties, dict)
    return properties


def _reference(part: dict[str, Any]) -> str:
    """Return the name of the definition that this part of the schema refers to."""
    if "$ref" in part:
        return str(part["$ref"]).rpartition("/")[2]
    choices = part.get("anyOf") or part.get("oneOf") or [part["items"]]
    return next(_reference(choice) for choice in choices if choice.get("type") != "null")
