"""The keys of fleet-config.yaml and .secrets.yaml, from the models that read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dcov.config.known import KNOWN, UNUSED_SECRETS
from dcov.config.schema import schema
from dcov.config.secrets_file import SecretsFile
from dcov.reference.markdown import code, table

Part = dict[str, Any]
HEAD = ("key", "value", "default", "meaning")
ADDED = "**+** "  # marks a key that the existing product does not have


def configuration() -> str:
    """Return one table for the top level, and one for each section."""
    made = schema()
    parts = ["## The top level", _table(made, made=made)]
    for name, model in _sections(made):
        parts += [f"## `{name}`", str(model.get("description", "")), _table(model, made=made)]
    return "\n\n".join(parts)


def secrets_file() -> str:
    """Return the table of .secrets.yaml."""
    made = SecretsFile.model_json_schema(by_alias=False)
    rows = [
        (_key(name, part), _kind(part, made=made), str(part.get("description", "")))
        for name, part in made["properties"].items()
    ]
    return table(("key", "value", "stands for"), rows)


def not_acted_on() -> str:
    """Return the table of keys that are accepted and have no effect."""
    return table(
        ("key", "why it has no effect", "what to do instead"),
        [
            (code(".".join(known.path)), f"{known.reason}.", f"{known.instead}.")
            for known in (*KNOWN, *UNUSED_SECRETS)
        ],
    )


def _sections(made: Part) -> Iterator[tuple[str, Part]]:
    """Yield each section once, by the first key under which it stands."""
    seen: set[str] = set()
    for key, part in made["properties"].items():
        for name in _references(part):
            model = made["$defs"][name]
            if name in seen or "properties" not in model:
                continue
            seen.add(name)
            yield _path(key, part), model
            for inner, below in model["properties"].items():
                for deeper in _references(below):
                    if deeper not in seen and "properties" in made["$defs"][deeper]:
                        seen.add(deeper)
                        yield f"{key}.{_path(inner, below)}", made["$defs"][deeper]


def _path(key: str, part: Part) -> str:
    if key == "master":
        return "servers, master"
    if part.get("type") == "object":
        return f"{key}.NAME"
    return key


def _table(model: Part, *, made: Part) -> str:
    required = model.get("required", ())
    rows = [
        (
            _key(name, part),
            _kind(part, made=made),
            "required" if name in required else _default(part),
            _meaning(part, made=made),
        )
        for name, part in model["properties"].items()
        if not part.get("deprecated")
    ]
    return table(HEAD, rows)


def _meaning(part: Part, *, made: Part) -> str:
    if "description" not in part and "$ref" in part:  # pydantic leaves a section's words there
        part = made["$defs"][next(_references(part))]
    return str(part.get("description", ""))


def _key(name: str, part: Part) -> str:
    return (ADDED if part.get("dcov") == "added" else "") + code(name)


def _default(part: Part) -> str:
    default = part.get("default")
    if default is None or default in ({}, [], ()) or isinstance(default, dict):
        return ""
    return code(default if isinstance(default, str) else json.dumps(default))


def _references(part: Part) -> Iterator[str]:
    """Yield the names of the definitions that this part of the schema refers to."""
    if "$ref" in part:
        yield str(part["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        for choice in part.get(key, ()):
            yield from _references(choice)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield from _references(part[key])


def _kind(part: Part, *, made: Part) -> str:
    """Say in words what may stand there."""
    if "$ref" in part:
        model = made["$defs"][next(_references(part))]
        return "section" if "properties" in model else _kind(model, made=made)
    for key in ("anyOf", "oneOf"):
        if key in part:
            kinds = (_kind(one, made=made) for one in part[key] if one.get("type") != "null")
            return " or ".join(dict.fromkeys(kinds))
    if "const" in part:
        return code(part["const"])
    if "enum" in part:
        return " or ".join(map(code, part["enum"]))
    return _plain(part, made=made)


def _plain(part: Part, *, made: Part) -> str:
    match part.get("type"):
        case "array":
            return f"list of {_plural(_kind(part['items'], made=made))}"
        case "object":
            inner = part.get("additionalProperties")
            kind = _kind(inner, made=made) if isinstance(inner, dict) else "value"
            return f"name: {kind}"
        case "integer":
            low, high = part.get("ge", part.get("minimum")), part.get("le", part.get("maximum"))
            return f"{low} to {high}" if high is not None else "number"
        case "boolean":
            return "true or false"
        case "string":
            return {"password": "secret", "path": "path"}.get(part.get("format", ""), "text")
    return "any"


def _plural(kind: str) -> str:
    return {"section": "sections", "text": "texts", "name: value": "mappings"}.get(kind, kind)
