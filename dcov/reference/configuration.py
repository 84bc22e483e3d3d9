"""The keys of fleet-config.yaml and .secrets.yaml, from the models that read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dcov.config.kinds import kind, references
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
        (_key(name, part), kind(part, made=made), str(part.get("description", "")))
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
        for name in references(part):
            model = made["$defs"][name]
            if name in seen or "properties" not in model:
                continue
            seen.add(name)
            yield _path(key, part), model
            for inner, below in model["properties"].items():
                for deeper in references(below):
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
            kind(part, made=made),
            "required" if name in required else _default(part),
            _meaning(part, made=made),
        )
        for name, part in model["properties"].items()
        if not part.get("deprecated")
    ]
    return table(HEAD, rows)


def _meaning(part: Part, *, made: Part) -> str:
    if "description" not in part and "$ref" in part:  # pydantic leaves a section's words there
        part = made["$defs"][next(references(part))]
    return str(part.get("description", ""))


def _key(name: str, part: Part) -> str:
    return (ADDED if part.get("dcov") == "added" else "") + code(name)


def _default(part: Part) -> str:
    default = part.get("default")
    if default is None or default in ({}, [], ()) or isinstance(default, dict):
        return ""
    return code(default if isinstance(default, str) else json.dumps(default))
