"""One question on the terminal, asked until the answer is what the model's own field takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel, ValidationError

from dcov.config.fields import kind_of
from dcov.config.reading import wrong
from dcov.config.references import REFERENCE

Check = Callable[[str], str]  # returns what is wrong with an answer, or nothing


def say(text: str = "") -> None:
    """Tell something between two questions."""
    typer.echo(text, err=True)


def ask(
    words: str,
    *,
    model: type[BaseModel],
    field: str,
    default: str = "",
    needed: bool = True,
    none: str = "",
    folder: Path | None = None,
) -> Any:
    """Ask for the value of this field of the model.

    None where nothing is said and nothing is needed; `none` is the word for it where there is a
    default.
    """
    while True:
        text = _prompt(words, default=default)
        if text == none and (none or not needed):
            return None
        value: object = (
            int(text) if text.isascii() and text.isdigit() and _is_number(field) else text
        )
        problem = fault(model, field, value, folder=folder) if text else "an answer is needed"
        if not problem:
            return value
        say(f"  {problem}")


def ask_text(words: str) -> str:
    """Ask for what no model knows."""
    while not (text := _prompt(words, default="")):
        say("  an answer is needed")
    return text


def ask_secret(words: str, *, check: Check = lambda _: "") -> str:
    """Ask for a password without showing it, twice where one is given; empty where none is."""
    while True:
        text = _hidden(words)
        problem = _secret_fault(text, check=check)
        if not problem and text and _hidden("  Once more") != text:
            problem = "the two differ"
        if not problem:
            return text
        say(f"  {problem}")


def choose(words: str, *, among: tuple[str, ...], default: str) -> str:
    """Ask for one of these words."""
    while True:
        text = _prompt(f"{words} ({', '.join(among)})", default=default)
        found = [word for word in among if word.startswith(text)]
        if text in among or len(found) == 1:
            return text if text in among else found[0]
        say(f"  one of {', '.join(among)}")


def agree(words: str, *, default: bool) -> bool:
    """Ask a question of yes or no."""
    return typer.confirm(words, default=default, err=True)


def paste(words: str) -> str:
    """Take lines until an empty one."""
    say(f"{words}, and an empty line at the end:")
    lines: list[str] = []
    while line := typer.prompt("", prompt_suffix="", default="", show_default=False, err=True):
        lines.append(line)
    return "\n".join(lines)


def fault(model: type[BaseModel], field: str, value: object, *, folder: Path | None = None) -> str:
    """Return what the model's field says against this value, or nothing."""
    try:
        model.model_validate({field: value}, context=folder)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            if error["loc"] and error["loc"][0] == field:
                return wrong(error, found=kind_of(error["input"]))
    return ""


def _secret_fault(text: str, *, check: Check) -> str:
    if REFERENCE.search(text):
        return "${...} would be followed as a reference; take another password"
    return check(text) if text else ""


def _hidden(words: str) -> str:
    text: str = typer.prompt(words, default="", show_default=False, hide_input=True, err=True)
    return text


def _prompt(words: str, *, default: str) -> str:
    text: str = typer.prompt(words, default=default, show_default=bool(default), err=True)
    return text.strip()


def _is_number(field: str) -> bool:
    return field == "port" or field.endswith("_port")
