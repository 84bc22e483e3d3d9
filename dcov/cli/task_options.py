"""A task's parameters as options of the command line, made from its signature and docstring."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from enum import Enum
from inspect import Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import typer

from dcov.cli.options import HOW, Changing, spread

if TYPE_CHECKING:
    from dcov.discovery import AnyTask
    from dcov.runnable import Parameter

PLAIN = (str, int, float, bool, Path)
SECTION = re.compile(r"^(?:Parameters|Args|Arguments):\s*$", re.MULTILINE)
ENTRY = re.compile(r"^\s+\*{0,2}(?P<name>\w+)(?: \([^)]*\))?: +(?P<text>.+)$")


def task_function(
    task: AnyTask, act: Callable[[AnyTask, Mapping[str, Any], Changing], None]
) -> Callable[..., None]:
    """Return a function that typer makes a command of: the task's options, then the shared ones.

    A parameter with the name of a shared option is given as `--task-NAME`.
    """
    text, helps = described(task.description)
    taken = {item.name for item in fields(Changing)}
    names = {_name(item.name, taken=taken): item for item in task.parameters}

    def function(*, how: Changing, **given: Any) -> None:
        params = {names[name].name: value for name, value in given.items() if value is not None}
        act(task, params, how)

    own = [
        _option(name, parameter, help_text=helps.get(parameter.name, ""))
        for name, parameter in names.items()
    ]
    how = inspect.Parameter(HOW, inspect.Parameter.KEYWORD_ONLY, annotation=Changing)
    function.__signature__ = Signature([*own, how])  # type: ignore[attr-defined]
    function.__name__, function.__doc__ = task.function.__name__, text
    return spread(function)


def described(docstring: str) -> tuple[str, Mapping[str, str]]:
    """Split a docstring into its text and what its `Parameters:` section says of each."""
    text, *rest = SECTION.split(docstring, maxsplit=1)
    helps: dict[str, str] = {}
    name = ""
    for line in "".join(rest).splitlines():
        if found := ENTRY.match(line):
            name = found["name"]
            helps[name] = found["text"].strip()
        elif name and line.strip():
            helps[name] += f" {line.strip()}"
    return text.strip(), helps


def _name(name: str, *, taken: Collection[str]) -> str:
    return f"task_{name}" if name in taken else name


def _option(name: str, parameter: Parameter, *, help_text: str) -> inspect.Parameter:
    """Make an option that stays None, the task's own default, where it is not given."""
    kind = option_type(parameter.annotation)
    shown = _shown(parameter.default)
    text = f"{help_text} [default: {shown}]".strip() if shown else help_text
    dashed = name.replace("_", "-")
    flag = f"--{dashed}/--no-{dashed}" if kind is bool else f"--{dashed}"
    option = typer.Option(flag, help=text, show_default=False)
    if parameter.required:
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option]
        )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )


def option_type(annotation: Any) -> Any:
    """Return the nearest type that an option can have; the task's own validation does the rest."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return option_type(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        kinds = {option_type(item) for item in get_args(annotation) if item is not type(None)}
        return kinds.pop() if len(kinds) == 1 else str
    if origin is Literal:
        return annotation
    if isinstance(origin, type) and issubclass(origin, Collection):
        inner = [item for item in get_args(annotation) if item is not ...]
        return str if issubclass(origin, Mapping) or not inner else list[option_type(inner[0])]  # type: ignore[misc]
    if isinstance(annotation, type) and (annotation in PLAIN or issubclass(annotation, Enum)):
        return annotation
    return str


def _shown(default: Any) -> str:
    if default is None or default is False or default in ("", [], (), {}):
        return ""
    if isinstance(default, (list, tuple)):
        return ", ".join(map(_shown, default))
    return str(default.value if isinstance(default, Enum) else default)
