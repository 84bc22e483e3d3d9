"""One key of fleet-config.yaml as the models describe it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from dcov.config.examples import EXAMPLES
from dcov.config.kinds import Part, kind, references
from dcov.config.known import KNOWN
from dcov.config.schema import schema
from dcov.config.secrets_file import FILE_NAME, SecretsFile
from dcov.errors import UnknownNameError

NAME = "NAME"  # stands for any name, where a key holds a mapping
INDEX = re.compile(r"\[[0-9]*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What may stand under a key, what happens without it, and what it means.

    `inner` are the keys below it, each with its first sentence. `no_effect` is the reason why
    dcov does not act on it; `instead` is what to do.
    """

    key: str
    file: str = ""
    kind: str
    meaning: str
    default: Any = None
    example: Any = None
    required: bool = False
    added: bool = False
    no_effect: str = ""
    instead: str = ""
    inner: tuple[tuple[str, str], ...] = ()


def explain(key: str) -> Explanation:
    """Explain a key, as in `servers.ssh_port`; the word "" stands for the whole file.

    Raises UnknownNameError with the nearest valid key.
    """
    made = _made()
    part, required = made, False
    path: tuple[str, ...] = ()
    for step in filter(None, INDEX.sub("", key).split(".")):
        listed = _listed((*path, step))
        if listed is not None:
            return listed
        model = _model(part, made=made)
        if step not in model.get("properties", {}) and not _is_free(part):
            return _secret(step, made=made, among=tuple(model.get("properties", ())), path=path)
        required = step in model.get("required", ())
        free = _is_free(part)
        part = part["additionalProperties"] if free else model["properties"][step]
        path = (*path, NAME if free else step)
    return _explained(part, path=path, required=required, made=made)


def keys() -> Iterator[str]:
    """Yield every key that can be explained, sections before what is in them."""
    made = _made()
    yield from _keys(made, path=(), made=made)


@cache
def _made() -> Part:
    return schema()


def _keys(part: Part, *, path: tuple[str, ...], made: Part) -> Iterator[str]:
    for name, inner in _model(part, made=made).get("properties", {}).items():
        yield ".".join((*path, name))
        below = (*path, name)
        if path == () and name == "master":
            continue  # it has the keys of a server
        if _is_free(inner):
            inner, below = inner["additionalProperties"], (*below, NAME)  # noqa: PLW2901
        yield from _keys(inner, path=below, made=made)


def _explained(part: Part, *, path: tuple[str, ...], required: bool, made: Part) -> Explanation:
    model = _model(part, made=made)
    key = ".".join(path)
    default = part.get("default")
    return Explanation(
        key=key,
        kind=kind(part, made=made) if path else "section",
        meaning=str(part.get("description") or model.get("description", "")),
        default=None if default in ({}, [], ()) else default,
        example=EXAMPLES.get(_of_a_server(key), default),
        required=required,
        added=part.get("dcov") == "added",
        inner=tuple(
            (name, _meaning(inner, made=made))
            for name, inner in model.get("properties", {}).items()
            if not inner.get("deprecated")
        ),
    )


def _of_a_server(key: str) -> str:
    return key.replace("master.", "servers.", 1) if key.startswith("master.") else key


def _meaning(part: Part, *, made: Part) -> str:
    return str(part.get("description") or _model(part, made=made).get("description", ""))


def _listed(path: tuple[str, ...]) -> Explanation | None:
    for known in KNOWN:
        if known.path == path:
            return Explanation(
                key=".".join(path),
                kind="any",
                meaning="Accepted, and has no effect.",
                no_effect=known.reason,
                instead=known.instead,
            )
    return None


def _secret(step: str, *, made: Part, among: tuple[str, ...], path: tuple[str, ...]) -> Explanation:
    """Explain a key of the secrets file, or say that there is none of this name."""
    fields = SecretsFile.model_json_schema(by_alias=False)["properties"]
    if path == () and step in fields:
        part = fields[step]
        stands = str(part.get("description", ""))
        return Explanation(
            key=step, file=FILE_NAME, kind=kind(part, made=made), meaning=f"Stands for {stands}"
        )
    near = tuple(".".join((*path, name)) for name in get_close_matches(step, among, n=3))
    raise UnknownNameError(
        kind="key",
        name=".".join((*path, step)),
        nearest=near,
        known="`dcov explain` lists the sections, `dcov explain SECTION` its keys",
    )


def _is_free(part: Part) -> bool:
    return isinstance(part.get("additionalProperties"), dict)


def _model(part: Part, *, made: Part) -> Part:
    """Return the section that this part of the schema leads to; itself where it is one."""
    if "properties" in part or _is_free(part):
        return part
    for name in references(part):
        model: Part = made["$defs"][name]
        if "properties" in model:
            return model
    return {}
