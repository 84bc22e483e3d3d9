"""`dcov explain`: one key of the configuration, in words."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from dcov.cli.form import Form, show_document, write
from dcov.cli.options import Look, spread
from dcov.config.explain import Explanation, explain, keys


def _complete(incomplete: str) -> list[str]:
    return [key for key in keys() if key.startswith(incomplete)]


app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("explain")
@spread
def explain_(
    *,
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY", help="The key, as in servers.ssh_port.", autocompletion=_complete
        ),
    ] = "",
    how: Look,
) -> None:
    """Explain a key of fleet-config.yaml: what may stand there, its default, an example."""
    found = explain(key)
    if how.form is Form.TABLE or how.form is Form.WIDE:
        for line in lines(found):
            write(line)
    else:
        show_document(asdict(found), how.form)


def lines(found: Explanation) -> list[str]:
    """Return the explanation as people read it."""
    mark = " (dcov's own; DC Overview has no such key)" if found.added else ""
    where = f" in {found.file}" if found.file else ""
    said = [f"{found.key or 'fleet-config.yaml'}{where}: {found.kind}{mark}", f"  {found.meaning}"]
    if found.no_effect:
        said += [f"  It has no effect: {found.no_effect}.", f"  Instead: {found.instead}."]
    if found.required:
        said.append("  It must be there.")
    if found.default is not None:
        said.append(f"  default: {_short(found.default)}")
    if found.example is not None and found.example != found.default:
        said.append(f"  example: {found.key.rpartition('.')[2]}: {_short(found.example)}")
    if found.inner:
        width = max(len(name) for name, _ in found.inner)
        said += ["", *(f"  {name:<{width}}  {meaning}" for name, meaning in found.inner)]
    return said


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
