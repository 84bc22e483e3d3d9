"""One YAML file read into its model, with every problem at its line and column."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dcov.config.document import Document, Loc, written
from dcov.errors import Problem

M = TypeVar("M", bound=BaseModel)

YAML = "tag:yaml.org,2002"
READ_AS = {
    f"{YAML}:int": "a number",
    f"{YAML}:float": "a decimal number",
    f"{YAML}:bool": "true or false",
    f"{YAML}:timestamp": "a date",
}


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
    return document.problem(_read_as(place.value, error=error), loc=loc)


SAID = {
    "dcov": "{message}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}
EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "model_type": "a mapping (`key: value`)",
    "mapping_type": "a mapping (`key: value`)",
    "dict_type": "a mapping (`key: value`)",
    "tuple_type": "a list (`- item`)",
}


def wrong(error: ErrorDetails, *, found: str) -> str:
    """Say what was expected where this kind of value was found."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in SAID:
        return SAID[kind].format(**context)
    if kind in EXPECTED:
        return f"must be {EXPECTED[kind]}, not {found}"
    return error["msg"]


def _read_as(node: Node | None, *, error: ErrorDetails) -> str:
    """Say what was expected, and how YAML read what stands here."""
    if isinstance(node, ScalarNode):
        if error["type"] == "string_type" and node.tag in READ_AS:
            return f"must be text, and YAML reads {node.value} as {READ_AS[node.tag]}; quote it"
        if error["type"] in {"int_type", "bool_type"} and node.style in {"'", '"'}:
            return f"{wrong(error, found='text')}; take the quotes off"
    return wrong(error, found=_kind(node))


def _kind(node: Node | None) -> str:
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case ScalarNode():
            return READ_AS.get(node.tag, "text" if node.value else "nothing")
    return "nothing"


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel]:
    """Return the model that describes what stands at this path."""
    if issubclass(model, RootModel):
        model = _first_model(model.model_fields["root"].annotation) or model
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
