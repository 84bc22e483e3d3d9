"""What a shell offers at the next Tab; nothing heavy is imported, for each Tab starts dcov anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from dcov.cli.remember import config_of
from dcov.errors import ConfigError

SHIPPED = Path(__file__).parent.parent / "tasks"
SEPARATORS = ":,&!"
SERVICES = (  # of dcov.stack, which is too heavy for a Tab; a test holds them equal
    "prometheus",
    "grafana",
    "cryptolabs-proxy",
    "ipmi-monitor",
    "vastai-exporter",
    "runpod-exporter",
    "dcov-gate",
)


def site_path(ctx: typer.Context, args: Sequence[str] = ()) -> Path | None:
    """Return the configuration that is meant; None where there is none."""
    from dcov.config.search import find_config

    try:
        return find_config(config_of(ctx, args)).path
    except ConfigError:
        return None


def complete_server(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of servers."""
    path = site_path(ctx)
    names = _server_names(path) if path else ()
    return [name for name in names if name.startswith(incomplete)]


def complete_limit(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of servers for the last term of a pattern."""
    start = max(incomplete.rfind(mark) for mark in SEPARATORS) + 1
    names = (*complete_server(ctx, incomplete[start:]), "@failed")
    return [incomplete[:start] + name for name in names if name.startswith(incomplete[start:])]


def complete_service(incomplete: str) -> list[str]:
    """Offer the names of services, whether the site wants them or not."""
    return [name for name in SERVICES if name.startswith(incomplete)]


def outline_tasks(folder: Path | None) -> dict[str, str]:
    """Return the tasks and the first lines of their docstrings, read without running a file."""
    own = [folder / "tasks"] if folder else []
    found: dict[str, str] = {}
    for place in (SHIPPED, *own):
        for file in sorted(place.glob("[!_]*.py")):
            found.update(_tasks_in(file))
    return dict(sorted(found.items()))


def _server_names(path: Path) -> Iterator[str]:
    """Read no more than the names; what is wrong with the file is for others to say."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    file = path / "hosts.yaml" if path.is_dir() else path
    try:
        data: Any = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    except (OSError, ValueError, yaml.YAMLError):
        return
    if not isinstance(data, dict):
        return
    if path.is_dir():
        yield from map(str, data)
        return
    for n, server in enumerate(data.get("servers") or (), start=1):
        if isinstance(server, dict):
            yield str(server.get("name", f"server-{n}"))


def _tasks_in(file: Path) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        if any(map(_is_task, node.decorator_list)):
            line = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
            yield node.name.replace("_", "-"), line


def _is_task(decorator: ast.expr) -> bool:
    """Tell `@task`, `@task(...)` and `@dcov.task`."""
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(name, "id", getattr(name, "attr", "")) == "task"
