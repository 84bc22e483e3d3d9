"""What may stand under a key, in words: from the schema that the models make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Part = dict[str, Any]


def references(part: Part) -> Iterator[str]:
    """Yield the names of the definitions that this part of the schema refers to."""
    if "$ref" in part:
        yield str(part["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        for choice in part.get(key, ()):
            yield from references(choice)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield from references(part[key])


def kind(part: Part, *, made: Part) -> str:
    """Say in words what may stand there."""
    if "$ref" in part:
        model = made["$defs"][next(references(part))]
        return "section" if "properties" in model else kind(model, made=made)
    for key in ("anyOf", "oneOf"):
        if key in part:
            kinds = (kind(one, made=made) for one in part[key] if one.get("type") != "null")
            return " or ".join(dict.fromkeys(kinds))
    if "const" in part:
        return _code(part["const"])
    if "enum" in part:
        return " or ".join(map(_code, part["enum"]))
    return _plain(part, made=made)


def _plain(part: Part, *, made: Part) -> str:
    match part.get("type"):
        case "array":
            return f"list of {_plural(kind(part['items'], made=made))}"
        case "object":
            inner = part.get("additionalProperties")
            below = kind(inner, made=made) if isinstance(inner, dict) else "value"
            return f"name: {below}"
        case "integer":
            low, high = part.get("ge", part.get("minimum")), part.get("le", part.get("maximum"))
            return f"{low} to {high}" if high is not None else "number"
        case "boolean":
            return "true or false"
        case "string":
            return {"password": "secret", "path": "path"}.get(part.get("format", ""), "text")
    return "any"


def _plural(one: str) -> str:
    return {"section": "sections", "text": "texts", "name: value": "mappings"}.get(one, one)


def _code(word: str) -> str:
    return f"`{word}`"
