"""Templates: every file that dcov renders, and a project's own of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    select_autoescape,
)

from dcov.errors import ConfigError, PathTakenError, UnknownNameError

FOLDER = "templates"  # a project's own, beside its configuration
INTERNAL = "remote/"  # scripts that are part of dcov's own code: nobody else's are taken


class Templates:
    """The shipped templates, below a project's own (`templates/` beside its configuration)."""

    def __init__(self, own: Path | None = None) -> None:
        with as_file(files("dcov") / "templates") as shipped:
            folders = [folder for folder in (own, shipped) if folder is not None]
        self._own, self._shipped = own, shipped
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(enabled_extensions=("html", "html.j2"), default=False),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def used(self) -> Mapping[str, Path]:
        """Return the file that is used for each template, by its name."""
        found = {**_public(self._shipped), **(_public(self._own) if self._own else {})}
        return {name: found[name] for name in sorted(found)}

    def shipped(self, name: str) -> bool:
        """Whether dcov ships a template of this name, which others may replace."""
        return name in _public(self._shipped)

    def whose(self, name: str) -> str:
        """Say whose file is used: `dcov`, or `site`, also in the place of a shipped one."""
        return "site" if self._own is not None and (self._own / name).is_file() else "dcov"

    def copy(self, name: str) -> Path:
        """Copy a shipped template to where a project's own lie, and return the copy.

        Raises UnknownNameError for one that is not shipped, and PathTakenError where the project
        has it already.
        """
        if self._own is None or not self.shipped(name):
            known = [item for item in self.used() if self.shipped(item)]
            raise UnknownNameError(
                kind="template",
                name=name,
                nearest=tuple(get_close_matches(name, known, n=1)),
                known="`dcov templates list` shows them",
            )
        copy = self._own / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            with copy.open("xb") as file:
                file.write((self._shipped / name).read_bytes())
        except FileExistsError:
            raise PathTakenError(path=str(copy), kind="template of the site already") from None
        return copy

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the text; raises ConfigError with file and line for what cannot be rendered."""
        try:
            return self._environment.get_template(name).render(values)
        except TemplateSyntaxError as error:
            raise self._error(name, line=error.lineno, message=str(error)) from None
        except TemplateNotFound as error:
            said = f"no template is called {error.name}"
            raise self._error(name, line=_line(error, name=name), message=said) from None
        except Exception as error:  # noqa: BLE001  # whatever the template raises
            said = str(error) if isinstance(error, TemplateError) else repr(error)
            raise self._error(name, line=_line(error, name=name), message=said) from None

    def _error(self, name: str, *, line: int, message: str) -> ConfigError:
        found = None
        if self._environment.loader is not None and name in self._environment.list_templates():
            _, path, _ = self._environment.loader.get_source(self._environment, name)
            found = Path(path) if path else None
        return ConfigError.about(message, file=found or Path(name), line=line, column=1)


def _public(folder: Path) -> dict[str, Path]:
    """Return the templates below a folder by their names; those of dcov's own code are none."""
    files = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    return {name: file for name, file in files.items() if not name.startswith(INTERNAL)}


def _line(error: BaseException, *, name: str) -> int:
    """Return the line of the template that raised: the last frame within it."""
    line, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename.endswith(name):
            line = step.tb_lineno
        step = step.tb_next
    return line
