"""Volumes that a master has already, by the component whose data they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from dcov.config.fields import Text, fault, frozen
from dcov.config.images import Component

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def volume(value: str) -> str:
    """Accept what an engine takes as the name of a volume."""
    if not NAME.fullmatch(value):
        raise fault(f"{value!r} is no name of a volume; `docker volume ls` lists them")
    return value


Volume = Annotated[Text, AfterValidator(volume)]
Volumes = Annotated[Mapping[Component, Volume], AfterValidator(frozen)]
