"""A module imports only from lower floors, or from the left on its own (DESIGN, section 2)."""

from __future__ import annotations

import ast
import importlib
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import dcov

ROOT = Path(dcov.__file__).parent
FLOORS = (
    ("secret", "errors", "change", "report", "events", "cancel"),
    ("config", "inventory"),
    ("ssh",),
    ("facts", "converge", "resources", "context", "runnable", "workflow"),
    ("engine",),
    ("clients",),
    ("server", "fleet"),
    ("exporters", "monitoring", "stack"),
    ("tasks",),
    ("manager", "cli"),
)
PLACE = {
    name: (floor, position)
    for floor, names in enumerate(FLOORS)
    for position, name in enumerate(names)
}
MODULES = sorted(
    Path(folder, name)
    for folder, _, names in os.walk(ROOT, followlinks=True)  # dcov/tasks, dcov/dashboards are links
    for name in names
    if name.endswith(".py")
    and Path(folder, name).relative_to(ROOT).parts[0] not in ("testing", "templates", "__init__.py")
)
TASKS = [path for path in MODULES if path.relative_to(ROOT).parts[0] == "tasks"]
PUBLIC = (  # whole packages, and of each only what its `__all__` names
    "dcov",
    "dcov.access",
    "dcov.errors",
    "dcov.exporters",
    "dcov.monitoring",
    "dcov.resources",
    "dcov.stack",
    "dcov.testing",
)


def place(module: str) -> tuple[int, int] | None:
    """Return the floor of `dcov.a.b`, and its place there; None for what is not ours."""
    words = module.split(".")
    if words[0] != "dcov" or len(words) == 1:
        return None
    return PLACE.get(words[1]) or height(words[1])


@cache
def height(package: str) -> tuple[int, int] | None:
    """Return the floor of a package that is not named: the highest that it imports from."""
    PLACE[package] = (0, 0)  # while we look, for a circle
    found = [
        where
        for path in MODULES
        if name_of(path).split(".")[1] == package
        for module, _, _ in imports(ast.parse(path.read_text()))
        if module.split(".")[1:2] != [package] and (where := place(module)) is not None
    ]
    del PLACE[package]
    return max(found, default=(0, 0))


def imports(tree: ast.AST, *, top: bool = True) -> Iterator[tuple[str, int, bool]]:
    """Yield each imported module, its line, and whether it stands at the top of the file."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno, top) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module == "dcov":
                yield from ((f"dcov.{name.name}", node.lineno, top) for name in node.names)
            else:
                yield module, node.lineno, top
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        else:
            inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            yield from imports(node, top=top and not inside)


def name_of(path: Path) -> str:
    words = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("dcov", *(word for word in words if word != "__init__")))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_lead_downwards(path: Path) -> None:
    """Lazy ones, too: an import within a function is still an import."""
    own = place(name_of(path))
    upward: list[str] = []
    for module, line, _ in imports(ast.parse(path.read_text())):
        other = place(module)
        if own is not None and other is not None and other > own:
            upward.append(f"{name_of(path)}:{line} imports {module}")
    assert upward == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_imports_the_doubles(path: Path) -> None:
    """dcov.testing may import all, and nothing of dcov imports it."""
    found = [m for m, _, _ in imports(ast.parse(path.read_text())) if m.startswith("dcov.testing")]
    assert found == []


def test_the_linked_folders_are_looked_through() -> None:
    """Each module of tasks/ and dashboards/ is one of those that this file checks."""
    top = Path(__file__).parents[2]
    for folder in ("tasks", "dashboards"):
        found = {path.name for path in MODULES if path.parent == ROOT / folder}
        assert found == {path.name for path in (top / folder).glob("*.py")}
    assert {"install_exporters.py", "quickstart.py"} <= {path.name for path in TASKS}


def borrowed(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Yield what is taken from dcov: module, name, line; also for a type checker only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, "", node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, name.name, node.lineno) for name in node.names)


def is_public(module: str, name: str) -> bool:
    """Whether a task may say `from module import name`; without a name, `import module`."""
    if module.startswith("dcov.tasks."):
        return (ROOT / "tasks" / f"{module.removeprefix('dcov.tasks.')}.py").is_file()
    if module not in PUBLIC:
        return False
    package = importlib.import_module(module)
    if hasattr(package, "__all__"):
        return not name or name in package.__all__
    return not name or getattr(getattr(package, name), "__module__", module) == module


@pytest.mark.parametrize("path", TASKS, ids=name_of)
def test_tasks_use_only_what_is_public(path: Path) -> None:
    """A shipped task is written as a user's own: against public names of public packages."""
    found = [
        f"{name_of(path)}:{line} takes {name or 'all'} from {module}"
        for module, name, line in borrowed(ast.parse(path.read_text()))
        if module.partition(".")[0] in ("", "dcov") and not is_public(module, name)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("module", "name", "allowed"),
    [
        ("dcov", "Context", True),
        ("dcov", "fleet", False),
        ("dcov.stack", "Blueprint", True),
        ("dcov.stack", "survey", False),
        ("dcov.stack.survey", "Survey", False),
        ("dcov.errors", "DcovError", True),
        ("dcov.errors", "dataclass", False),
        ("dcov.tasks.install_exporters", "install_exporters", True),
        ("dcov.engine", "Run", False),
        (".install_exporters", "install_exporters", False),
    ],
)
def test_public_is_a_name_and_not_where_it_is_written(
    module: str, name: str, *, allowed: bool
) -> None:
    """A module within a package may be moved at any time; what the package names stays."""
    assert is_public(module, name) is allowed


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nornir_is_built_and_not_initialised(path: Path) -> None:
    """InitNornir loads every plugin there is, writes a log file and sets up logging."""
    names = {
        word
        for node in ast.walk(ast.parse(path.read_text()))
        for word in (
            getattr(node, "id", ""),
            getattr(node, "attr", ""),
            *(alias.name for alias in getattr(node, "names", ()) if isinstance(alias, ast.alias)),
            getattr(node, "module", "") or "",
        )
    }
    assert names.isdisjoint({"InitNornir", "nornir.init_nornir"})


LAZY = (
    "docker",
    "netmiko",
    "requests",
    "urllib3",
    "rich",
    "fastapi",
    "pandas",
    "prometheus_client",
)
LAZY_HERE = {  # what DESIGN does not list, each for what it would cost or bring up
    "dcov.access.ping": ("nornir", "nornir_utils", "dcov", "logging", "threading"),
    "dcov.clients.tunnel": ("urllib.parse",),
    "dcov.context": ("nornir",),
    "dcov.fleet": ("dcov.clients", "dcov.engine", "dcov.inventory"),
    "dcov.report": ("nornir",),
    "dcov.inventory.site": ("dcov.config", "dcov.inventory"),
    "dcov.runnable": ("pydantic",),
    "dcov.ssh.newcomers": ("dcov.ssh.enrolment",),
    "dcov.ssh.way": ("dcov.config", "dcov.inventory"),
    "dcov.server": ("dcov.engine", "dcov.config", "dcov.inventory"),
    "dcov.exporters.scrape": ("dcov.clients",),
    "dcov.monitoring.scraped": ("dcov.clients",),
    "dcov.stack.grafana.asked": ("dcov.clients",),
    "dcov.stack.health.metrics": ("dcov.clients",),
    "dcov.stack.health.front": ("dcov.clients",),
    "dcov.clients.docker.engine": ("dcov.clients",),
    "dcov.exporters.download": ("requests",),
}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_lazy_imports_are_those_that_are_listed(path: Path) -> None:
    """An import within a function is allowed for what is heavy, and in the command line."""
    name = name_of(path)
    if name.startswith("dcov.cli"):
        return
    allowed = (*LAZY, *LAZY_HERE.get(name, ()))
    found = [(m, line) for m, line, top in imports(ast.parse(path.read_text())) if not top]
    assert [item for item in found if not item[0].startswith(allowed)] == []


ALL = [path for path in MODULES if re.search(r"^__all__", path.read_text(), re.MULTILINE)]


@pytest.mark.parametrize("path", [ROOT / "__init__.py", *ALL], ids=name_of)
def test_what_is_declared_public_is_there(path: Path) -> None:
    """Every name of `__all__` can be had, and none is named twice."""
    module = importlib.import_module(name_of(path))
    names = list(module.__all__)
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(module, name)] == []
