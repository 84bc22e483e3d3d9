"""Every key of the models is read by something that acts on it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from dcov.config.settings import Settings

ROOT = Path(__file__).parents[3]
DECLARING = {ROOT / "dcov/config/settings.py", ROOT / "dcov/config/server.py"}
LISTS = {"declared": "servers"}  # a property of the settings that holds what a key does
PASSED_ON = re.compile(r"get|values|items|pop")  # what gives out a mapping's values


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model within an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (model_of(argument) for argument in get_args(annotation))
    return next((one for one in found if one is not None), None)


def models(model: type[BaseModel] = Settings) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the names under which models are held, with these."""
    for name, field in model.model_fields.items():
        inner = model_of(field.annotation)
        if inner is not None:
            yield name, inner
            yield from models(inner)


HELD = {"settings": Settings, **dict(models())}
HELD |= {name: HELD[key] for name, key in LISTS.items()}
NAMED = {model.__name__: model for model in HELD.values()}
LEAVES = sorted(
    {
        (model.__name__, name)
        for model in HELD.values()
        for name, field in model.model_fields.items()
        if model_of(field.annotation) is None
    }
)


def named(annotation: ast.expr | None) -> set[str]:
    """Return the models that an annotation names."""
    words = re.findall(r"\w+", ast.unparse(annotation)) if annotation else []
    return {word for word in words if word in NAMED}


class Reads(ast.NodeVisitor):
    """Which keys of which model a file reads: by the name that holds it, or by an annotation."""

    def __init__(self, *, merges: bool) -> None:
        self.merges = merges
        self.held: dict[str, set[str]] = {}
        self.returned: dict[str, set[str]] = {}
        self.found: set[tuple[str, str]] = set()

    def models(self, node: ast.expr | None) -> set[str]:
        """Return the models that the value of this expression may be, or may hold."""
        found: set[str] = set()
        match node:
            case ast.Name(id=name):
                at_least = {Settings.__name__} if name == "settings" else set()
                found = self.held.get(name) or at_least
            case ast.Attribute(attr=name) if name in HELD:
                found = {HELD[name].__name__}
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if PASSED_ON.fullmatch(name):
                found = self.models(inner)
            case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
                found = self.models(inner)
            case ast.Call(func=ast.Name(id=name)):
                found = self.returned.get(name, set())
            case ast.Subscript(value=inner):
                found = self.models(inner)
            case ast.BoolOp(values=parts):
                found = {name for part in parts for name in self.models(part)}
        return found

    def hold(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Tuple):
            same = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
            for n, inner in enumerate(target.elts):
                self.hold(inner, value.elts[n] if same else value)  # type: ignore[union-attr]
        elif isinstance(target, ast.Name):
            self.held.setdefault(target.id, set()).update(self.models(value))

    def visit_Module(self, node: ast.Module) -> None:
        for one in ast.walk(node):
            if isinstance(one, ast.FunctionDef):
                self.returned[one.name] = named(one.returns)
        self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        # A parameter hides what an earlier function called so.
        self.held[node.arg] = named(node.annotation)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.hold(target, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self.hold(node.target, node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.hold(node.target, node.iter)
        self.generic_visit(node)

    def visit_ListComp(self, node: Any) -> None:
        for inner in (*node.generators, *(part for part in ast.iter_child_nodes(node))):
            self.visit(inner)

    visit_GeneratorExp = visit_SetComp = visit_DictComp = visit_ListComp  # noqa: N815

    def visit_keyword(self, node: ast.keyword) -> None:
        """Pass over what the secrets file is merged into: the same key again."""
        before = set(self.found)
        self.generic_visit(node)
        if self.merges:
            self.found -= {one for one in self.found - before if one[1] == node.arg}

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.found |= {(model, node.attr) for model in self.models(node.value)}
        self.generic_visit(node)


@cache
def read() -> frozenset[tuple[str, str]]:
    """Return the keys that are read, in Python and in the templates, each with its model."""
    found: set[tuple[str, str]] = set()
    for folder in ("dcov", "tasks"):
        for file in (ROOT / folder).rglob("*.py"):
            if file not in DECLARING:
                reads = Reads(merges=file.name == "merge.py")
                reads.visit(ast.parse(file.read_text()))
                found |= reads.found
    for file in (ROOT / "templates").rglob("*.j2"):
        for holder, key in re.findall(r"\b(\w+)\.(\w+)\b", file.read_text()):
            if holder in HELD:
                found.add((HELD[holder].__name__, key))
    return frozenset(found)


@pytest.mark.parametrize("leaf", LEAVES, ids=".".join)
def test_a_key_is_read(leaf: tuple[str, str]) -> None:
    """One that nothing reads belongs into dcov/config/known.py, where an operator is told so."""
    assert leaf in read()
