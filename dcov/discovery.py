"""Which tasks there are: those that dcov ships, and those beside a site's configuration."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module, invalidate_caches
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from dcov.errors import ConfigError, UnknownNameError
from dcov.inventory.nearest import nearest_names
from dcov.runnable import Task

AnyTask = Task[..., Any]
SHIPPED = Path(__file__).parent / "tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """Every task by its name; `replacements` are what inner calls of shipped tasks follow."""

    by_name: Mapping[str, AnyTask]
    replacements: Mapping[str, AnyTask]
    folder: Path | None = None

    def __getitem__(self, name: str) -> AnyTask:
        if name not in self.by_name:
            raise UnknownNameError(
                kind="task",
                name=name,
                nearest=nearest_names(name, among=self.by_name),
                known="`dcov tasks` lists them",
            )
        return self.by_name[name]


def find_tasks(folder: Path | None = None) -> Tasks:
    """Return the shipped tasks and those in `tasks/` of this folder, a site's own.

    A task of a site that has a shipped one's name must say that it replaces it. Raises
    ConfigError naming the file and line of a module that cannot be imported.
    """
    found = {task.name: task for task in _in_module(import_module("dcov.tasks"))}
    replacements: dict[str, AnyTask] = {}
    own = None if folder is None else folder / "tasks"
    for file, task in _of_site(own) if own else ():
        name = task.replaces or task.name
        if task.replaces and name not in found:
            raise ConfigError.about(
                f"replaces {name!r}, and there is no such task", file=file, key=task.name
            )
        if task.replaces:
            replacements[name] = task
        elif name in found:
            message = f"a task of this name exists; rename it, or say @task(replaces={name!r})"
            raise ConfigError.about(message, file=file, key=name)
        found[name] = task
    return Tasks(
        by_name=MappingProxyType(dict(sorted(found.items()))),
        replacements=MappingProxyType(replacements),
        folder=own,
    )


def replacing_tasks(folder: Path) -> tuple[AnyTask, ...]:
    """Return the tasks of a site that stand in for shipped ones.

    Where it has no tasks of its own, none are imported.
    """
    if not _own_files(folder / "tasks"):
        return ()
    return tuple(find_tasks(folder).replacements.values())


def task_files(folder: Path | None = None) -> tuple[Path, ...]:
    """Return the files that may define tasks: the shipped ones, and a site's own."""
    own = None if folder is None else folder / "tasks"
    ours = SHIPPED.resolve()
    folders = [SHIPPED, *([own] if own and own.resolve() != ours else [])]
    return tuple(
        file
        for place in folders
        for file in sorted(place.glob("*.py"))
        if not file.name.startswith(("_", "."))  # an editor's lock is none
    )


def _of_site(folder: Path) -> Iterator[tuple[Path, AnyTask]]:
    """Import the files of the folder as one package, so that they may import each other."""
    files = _own_files(folder)
    if not files:
        return
    package = _package(folder)
    for file in files:
        _refuse_strangers(file)
        try:
            module = import_module(f"{package}.{file.stem}")
        except Exception as error:  # whatever the user's module raises
            raise _broken(file, error) from error
        for task in _in_module(module):
            if task.function.__module__ == module.__name__:
                yield file, task


def _own_files(folder: Path) -> list[Path]:
    return [file for file in task_files(folder.parent) if file.parent == folder]


def _refuse_strangers(file: Path) -> None:
    """Run nobody else's code: the configuration may have been found in any folder above."""
    status = file.stat()
    if status.st_uid not in {0, os.geteuid()}:
        message = f"belongs to uid {status.st_uid}, not to you; `chown` it"
        raise ConfigError.about(message, file=file)
    if status.st_mode & stat.S_IWOTH:
        raise ConfigError.about("can be written by everybody; `chmod o-w` it", file=file)


def _package(folder: Path) -> str:
    """Make a package of the folder, under a name that no other site's has."""
    place = str(folder.absolute())
    name = f"dcov_site_{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        invalidate_caches()
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [place]
        sys.modules[name] = module_from_spec(spec)
    return name


def _in_module(module: ModuleType) -> Iterator[AnyTask]:
    for name in getattr(module, "__all__", vars(module)):
        value = getattr(module, name)
        if isinstance(value, Task) and not name.startswith("_"):
            yield value


def _broken(file: Path, error: Exception) -> ConfigError:
    """Say where in the user's file it went wrong."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    for step in traceback.extract_tb(error.__traceback__):
        if step.filename == str(file.absolute()):
            line = step.lineno
    message = f"cannot be imported: {type(error).__name__}: {error}"
    return ConfigError.about(message, file=file, line=line or 1, column=1)
