"""The configuration as plain data: to be printed, with every secret masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from dcov.config.mask import hide
from dcov.config.settings import Settings
from dcov.secret import MASK, Secret


def show(settings: Settings) -> dict[str, Any]:
    """Return what is in force, defaults included; what is not set is left out.

    In scrape configs of the user's own, which dcov does not know key by key, whatever stands
    under a key like `password` is masked as well.
    """
    shown = _plain(settings)
    assert isinstance(shown, dict)
    return shown


def _plain(value: Any) -> Any:
    match value:
        case Secret():
            return MASK
        case BaseModel():
            pairs = ((name, getattr(value, name)) for name in type(value).model_fields)
            return {name: _plain(inner) for name, inner in pairs if inner is not None}
        case Mapping():
            return {name: _plain(hide(inner, key=name)) for name, inner in value.items()}
        case tuple() | list():
            return [_plain(inner) for inner in value]
        case bool() | int() | float():
            return value
    return str(value)
