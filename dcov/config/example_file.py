"""A commented fleet-config.yaml to begin with, made from the models.

What a site needs stands there; every other key is commented out, with its default or an example.
Passwords are left out: they belong into `.secrets.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dcov.config.explain import Explanation, explain
from dcov.config.splice import flow

HEAD = """\
# A site. `dcov config check` reads this file, `dcov explain KEY` says more about a key.
# Take away the # in front of what you need; the value behind it is the default, or an example.
# Passwords and API keys belong into .secrets.yaml beside this file (chmod 600).
"""
ACTIVE = frozenset({"site_name", "ssh", "ssh.username", "ssh.port"})
SERVER = ("name", "server_ip")  # of each, at least these
WITH_SECRETS = frozenset({"secret", "list of sections"})


def example_file() -> str:
    """Return the text."""
    parts = [HEAD, *("\n".join(_part(name)) + "\n" for name in _inner(explain("")))]
    return "\n".join(parts)


def _part(name: str) -> Iterator[str]:
    found = explain(name)
    yield f"# {found.meaning}"
    match name:
        case "master":
            yield "master:"
            yield from _server(first="  ", prefix="master")
        case "servers":
            yield "servers:"
            yield from _server(first="  - ", prefix="servers")
        case _ if found.inner:
            yield f"{_mark(name)}{name}:"
            for inner in _inner(found):
                yield from _key(explain(f"{name}.{inner}"), indent="  ")
        case _:
            yield _mark(name) + _value(found)


def _server(*, first: str, prefix: str) -> Iterator[str]:
    """Write one server: its name and address, and what else could be said of it."""
    indent = " " * len(first)
    name = "monitor" if prefix == "master" else "gpu-01"
    yield f"{first}name: {name}"
    yield f"{indent}server_ip: {'192.0.2.10' if prefix == 'master' else '192.0.2.21'}"
    if prefix == "servers":
        for inner in _inner(explain(prefix)):
            if inner not in SERVER:
                yield from _key(explain(f"{prefix}.{inner}"), indent=indent)


def _key(found: Explanation, *, indent: str) -> Iterator[str]:
    yield f"{indent}# {found.meaning}"
    yield f"{_mark(found.key)}{indent}{_value(found)}"


def _mark(key: str) -> str:
    return "" if key in ACTIVE else "#"


def _value(found: Explanation) -> str:
    return f"{found.key.rpartition('.')[2]}: {flow(found.example)}"


def _inner(found: Explanation) -> Iterator[str]:
    """Yield the keys below that hold no password."""
    for name, _ in found.inner:
        key = f"{found.key}.{name}" if found.key else name
        if name == "servers" or explain(key).kind not in WITH_SECRETS:
            yield name
