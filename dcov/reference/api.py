"""The page of public names, from their signatures and docstrings."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, get_origin

MODULES = (
    "dcov",
    "dcov.resources",
    "dcov.exporters",
    "dcov.stack",
    "dcov.monitoring",
    "dcov.access",
    "dcov.tasks",
    "dcov.testing",
)
MET = (  # not in any `__all__`: they come as arguments and answers, nobody imports them
    "dcov.context.Check",
    "dcov.context.Preparing",
    "dcov.converge.calls.ApiResource",
    "dcov.change.Action",
    "dcov.change.Change",
    "dcov.engine.options.Options",
    "dcov.facts.Facts",
    "dcov.facts.Gpu",
    "dcov.ssh.command.Finished",
)
NOT_MADE = frozenset({"BoundServer", "Context", "Fleet", "Plan", "Run", "Task"})  # dcov makes them
WIDTH = 92
LONGEST_DEFAULT = 40
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
QUALIFIED = re.compile(r"\b(?:dcov|pathlib|collections|typing|types|nornir|datetime)(?:\.\w+)*\.")


def api() -> str:
    """Return a section for each public module, and one for what else a user meets."""
    parts = [part for name in MODULES for part in _module(name)]
    parts += ["## Values that you meet", "They come as arguments and answers."]
    for name in MET:
        home, _, public = name.rpartition(".")
        parts += _name(public, getattr(import_module(home), public))
    return "\n\n".join(part for part in parts if part)


def _module(name: str) -> Iterator[str]:
    module = import_module(name)
    yield f"## `{name}`"
    yield _first_sentence(module)
    for public in sorted(module.__all__, key=str.lower):
        value = getattr(module, public)
        if not public.startswith("__"):
            yield from _name(public, value)


def _name(public: str, value: Any) -> Iterator[str]:
    yield f"### `{public}`"
    if inspect.isclass(value):
        yield _class(value)
        yield _doc(value)
        yield from _members(value)
    elif inspect.ismodule(value):
        yield _doc(value)
        yield from _functions(value)
    elif callable(value) and get_origin(value) is None:
        yield _fenced(f"{public}{_signature(getattr(value, 'function', value))}")
        yield _doc(value)
    else:
        yield _constant(value)


def _functions(module: ModuleType) -> Iterator[str]:
    lines = [
        f"- `{module.__name__.rpartition('.')[2]}.{name}{_signature(value)}`: "
        f"{_first_sentence(value)}"
        for name, value in sorted(vars(module).items())
        if inspect.isfunction(value) and not name.startswith("_") and _of(value, module)
    ]
    if lines:
        yield "\n".join(lines)


def _of(function: Any, module: ModuleType) -> bool:
    """Whether a module is where a function is to be had, and not only where it is used."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return function.__name__ in listed
    return bool(function.__module__ == module.__name__)


def _class(kind: type) -> str:
    if issubclass(kind, enum.Enum):
        return _fenced("\n".join(f"{item.name} = {item.value!r}" for item in kind))
    plain = kind.__name__ in NOT_MADE or issubclass(kind, (BaseException, str))
    if plain or getattr(kind, "_is_protocol", False):
        return _fenced(f"class {kind.__name__}")
    return _fenced(f"{kind.__name__}{_signature(kind)}")


def _members(kind: type) -> Iterator[str]:
    lines = []
    for name, value in vars(kind).items():
        bare = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if name.startswith("_") or not (inspect.isfunction(bare) or isinstance(bare, property)):
            continue
        text = _first_sentence(bare)
        if not text:
            continue
        if isinstance(bare, property):
            lines.append(f"- `.{name}`: {text}")
        else:
            call = f"- `.{name}{_signature(bare, method=not isinstance(value, staticmethod))}`"
            lines.append(f"{call}: {text}")
    if lines:
        yield "\n".join(lines)


def _signature(function: Any, *, method: bool = False) -> str:
    signature = inspect.signature(function)
    given = list(signature.parameters.values())[1 if method else 0 :]
    returns = signature.return_annotation
    signature = signature.replace(
        parameters=[_shown(item) for item in given],
        return_annotation=signature.empty if returns in (None, "None") else _AsWritten.of(returns),
    )
    return _shortened(ADDRESS.sub("", str(signature)))


def _shown(item: inspect.Parameter) -> inspect.Parameter:
    default = item.default
    if default is not item.empty and len(repr(default)) > LONGEST_DEFAULT:
        default = _AsWritten("...")
    return item.replace(annotation=_AsWritten.of(item.annotation), default=default)


class _AsWritten:
    """An annotation that shows as its author wrote it, without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    @classmethod
    def of(cls, annotation: Any) -> Any:
        return cls(annotation) if isinstance(annotation, str) else annotation


def _shortened(text: str) -> str:
    return QUALIFIED.sub("", text.replace("<factory>", "..."))


def _doc(value: Any) -> str:
    text = inspect.getdoc(getattr(value, "function", value)) or ""
    if inspect.isclass(value) and text.startswith(f"{value.__name__}("):
        return ""  # a dataclass without a docstring of its own
    return text


def _first_sentence(value: Any) -> str:
    text = (inspect.getdoc(value) or "").split("\n\n")[0]
    return " ".join(text.split())


def _constant(value: Any) -> str:
    if isinstance(value, tuple) and all(hasattr(item, "name") for item in value):
        return "One of each: " + ", ".join(f"`{item.name}`" for item in value) + "."
    return f"`{_shortened(str(value))}`"


def _fenced(text: str) -> str:
    """Return a block of code, one parameter a line where it is too wide."""
    if len(text) > WIDTH:
        head, _, rest = text.partition("(")
        inner, closing, end = rest.rpartition(")")
        items = "".join(f"    {item},\n" for item in _divided(inner))
        text = f"{head}(\n{items}{closing}{end}"
    return f"```python\n{text}\n```"


def _divided(text: str) -> Iterator[str]:
    """Split at the commas outside of brackets."""
    depth, item = 0, ""
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            yield item.strip()
            item = ""
        else:
            item += character
    yield item.strip()
