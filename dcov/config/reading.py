"""One YAML file read into its model, with every problem at its line and column."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dcov.config.document import Document, Loc, written
from dcov.errors import Problem

M = TypeVar("M", bound=BaseModel)

INT, FLOAT, BOOL, TIMESTAMP = (
    f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "timestamp")
)
READ_AS = {INT: "a number", FLOAT: "a number", BOOL: "true or false", TIMESTAMP: "a date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[M]):
    """What a document says: its model, or the problems that stand in the way."""

    document: Document
    model: M | None
    problems: tuple[Problem, ...]


def read(document: Document, data: object, *, model: type[M], context: object = None) -> Reading[M]:
    """Validate the data of this document; no problem stops the search for others."""
    try:
        value = model.model_validate({} if data is None else data, context=context)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False, include_input=False)
        problems = tuple(_problem(document, error, model=model) for error in errors)
        return Reading(document=document, model=None, problems=problems)
    return Reading(document=document, model=value, problems=())


def nearest(name: str, *, among: Mapping[str, object] | tuple[str, ...]) -> str:
    """Say which valid name was probably meant, or list them all."""
    close = difflib.get_close_matches(name, list(among), n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"valid here: {', '.join(among)}" if among else "nothing may stand here"


def _problem(document: Document, error: ErrorDetails, *, model: type[BaseModel]) -> Problem:
    loc: Loc = error["loc"]
    place = document.find(loc)
    match error["type"]:
        case "extra_forbidden":
            valid = tuple(_model_at(model, loc[:-1]).model_fields)
            message = f"unknown key; {nearest(str(loc[-1]), among=valid)}"
            return document.problem(message, loc=loc, at_key=True)
        case "missing":
            missing = written((*document.find(loc[:-1]).loc, loc[-1]))
            return document.problem("is missing", loc=loc, key=missing)
        case "dcov" if loc and loc[-1] == "[key]":
            return document.problem(error["ctx"]["message"], loc=loc, at_key=True)
        case "dcov":
            return document.problem(error["ctx"]["message"], loc=loc)
    return document.problem(_wrong(error, place.value), loc=loc)


EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "model_type": "a mapping (`key: value`)",
    "mapping_type": "a mapping (`key: value`)",
    "tuple_type": "a list (`- item`)",
}


def _wrong(error: ErrorDetails, node: Node | None) -> str:
    """Say what was expected here, and how YAML read what stands here."""
    context = error.get("ctx", {})
    match error["type"]:
        case "string_type":
            return _unquoted(node)
        case "greater_than_equal":
            return f"must be {context['ge']} or more"
        case "less_than_equal":
            return f"must be {context['le']} or less"
        case "literal_error" | "enum":
            return f"must be {context['expected']}"
        case kind if kind in EXPECTED:
            return f"must be {EXPECTED[kind]}, not {_kind(node)}"
    return error["msg"]


def _unquoted(node: Node | None) -> str:
    if isinstance(node, ScalarNode) and node.tag in READ_AS:
        return f"must be text, and YAML reads {node.value} as {READ_AS[node.tag]}; quote it"
    return f"must be text, not {_kind(node)}"


def _kind(node: Node | None) -> str:
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case ScalarNode(tag=tag) if tag in READ_AS:
            return f"{READ_AS[tag]}"
    return "text"


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel]:
    """Return the model that describes what stands at this path."""
    for step in loc:
        field = model.model_fields.get(str(step))
        inner = _first_model(field.annotation) if field else None
        model = inner or model
    return model


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_first_model(argument) for argument in get_args(annotation))
    return next((one for one in found if one is not None), None)
