"""Templates: every file that dcov renders, and a project's own of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    select_autoescape,
)

from dcov.errors import ConfigError, Problem


class Templates:
    """The shipped templates, below a project's own (`templates/` beside its configuration)."""

    def __init__(self, own: Path | None = None) -> None:
        with as_file(files("dcov") / "templates") as shipped:
            folders = [folder for folder in (own, shipped) if folder is not None]
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(enabled_extensions=("html", "html.j2"), default=False),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the text; raises ConfigError with file and line for what is undefined."""
        try:
            return self._environment.get_template(name).render(values)
        except TemplateSyntaxError as error:
            raise self._error(name, line=error.lineno, message=str(error)) from None
        except TemplateNotFound:
            raise self._error(name, line=0, message="no such template") from None
        except UndefinedError as error:
            raise self._error(name, line=_line(error, name=name), message=str(error)) from None

    def _error(self, name: str, *, line: int, message: str) -> ConfigError:
        found = None
        if self._environment.loader is not None and name in self._environment.list_templates():
            _, path, _ = self._environment.loader.get_source(self._environment, name)
            found = Path(path) if path else None
        problem = Problem(file=found or Path(name), line=line, column=1, key="", message=message)
        return ConfigError(problems=(problem,))


def _line(error: BaseException, *, name: str) -> int:
    """Return the line of the template that raised: the last frame within it."""
    line, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename.endswith(name):
            line = step.tb_lineno
        step = step.tb_next
    return line
