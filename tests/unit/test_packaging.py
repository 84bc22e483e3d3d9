"""What is built is what stands here: sdist, wheel, editable install, install from git.

Nothing is downloaded: the fresh environments find what requirements/runtime.txt locks in the one
that runs the tests, and nothing else that is there; setuptools only while they install.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pages import ROOT

LINKED = ("tasks", "templates", "dashboards")
SHIPPED = ("install-exporters", "upgrade-exporters", "remove-exporters", "configure-prometheus")
PROOF = """
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pkgutil import walk_packages
import dcov
from dcov.monitoring import dashboards
from dcov.tasks import install_exporters
assert install_exporters.name == "install-exporters"
for name in ("remote/converge.sh", "units/node_exporter.service.j2"):
    assert files("dcov").joinpath("templates", name).read_text()
assert sorted(dashboards()) == ["fleet.json", "server.json"]
assert import_module("dcov.dashboards").BOARDS
for name in ("tasks", "templates", "dashboards", "pytest", "setuptools"):
    assert find_spec(name) is None, name
for module in walk_packages(dcov.__path__, "dcov."):
    if not module.name.endswith((".__main__", "testing.plugin")):  # the latter is pytest's
        import_module(module.name)
print(dcov.__file__)
"""

pytestmark = pytest.mark.xdist_group("packaging")  # built once


def ran(*argv: str | Path, cwd: Path) -> str:
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, argv)),
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**kept, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed() -> list[str]:
    """Name what belongs to the project: tracked, or new and not ignored."""
    names = ran("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).split("\0")
    return sorted({name for name in names if name and os.path.lexists(ROOT / name)})


def linked(folder: str) -> dict[str, bytes]:
    """Read one of the folders that dcov/ has a link to."""
    return {name: (ROOT / name).read_bytes() for name in listed() if name.startswith(f"{folder}/")}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project, so that building leaves nothing in it."""
    copy = tmp_path_factory.mktemp("source")
    for name in listed():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it; give the folder with both."""
    out = tmp_path_factory.mktemp("dist")
    ran(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source, cwd=out)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


def locked() -> Iterator[Requirement]:
    """Read what requirements/runtime.txt has for this system."""
    for line in (ROOT / "requirements" / "runtime.txt").read_text().splitlines():
        if re.match(r"\w", line):
            found = Requirement(line.rstrip(" \\"))
            if found.marker is None or found.marker.evaluate():
                yield found


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of links to what is locked, out of this environment, and to nothing else."""
    folder = tmp_path_factory.mktemp("dependencies")
    for one in locked():
        installed = distribution(one.name)
        assert installed.version in one.specifier, one
        for top in {Path(file).parts[0] for file in installed.files or ()}:
            if top not in ("..", "__pycache__") and not (folder / top).is_symlink():
                (folder / top).symlink_to(installed.locate_file(top))
    return folder


class Environment:
    """A virtual environment without pip, which sees the dependencies and nothing else of ours."""

    def __init__(self, folder: Path, *, dependencies: Path) -> None:
        self.folder = folder
        self.python = folder / "env" / "bin" / "python"
        self._dependencies = dependencies
        venv.create(folder / "env", symlinks=True)

    def install(self, *what: str | Path) -> None:
        self._see(Path(sysconfig.get_path("purelib")))  # where setuptools is
        ran(
            sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet",
            "--no-deps", "--no-build-isolation", *what, cwd=self.folder,
        )  # fmt: skip
        self._see(self._dependencies)

    def _see(self, folder: Path) -> None:
        own = Path(sysconfig.get_path("purelib", vars={"base": str(self.folder / "env")}))
        # One line, and no site folder of its own: this environment's editable dcov stays out.
        (own / "dependencies.pth").write_text(f"{folder}\n")

    def prove(self) -> Path:
        """Use it as a user does, from an empty folder; return where dcov is imported from."""
        empty = self.folder / "empty"
        empty.mkdir()
        said = ran(self.python.parent / "dcov", "tasks", "--shipped", "-o", "name", cwd=empty)
        assert set(SHIPPED) <= set(said.split())
        return Path(ran(self.python, "-c", PROOF, cwd=empty).strip()).parent


@pytest.fixture
def environment(tmp_path: Path, dependencies: Path) -> Environment:
    return Environment(tmp_path, dependencies=dependencies)


def test_the_wheel_works_in_a_clean_environment(wheel: Path, environment: Environment) -> None:
    environment.install(wheel)
    assert environment.folder in environment.prove().parents


@pytest.mark.parametrize("folder", LINKED)
def test_a_linked_folder_is_whole_in_the_wheel(wheel: Path, folder: str) -> None:
    """File by file, byte by byte, and nothing else."""
    with zipfile.ZipFile(wheel) as packed:
        found = {
            name.removeprefix("dcov/"): packed.read(name)
            for name in packed.namelist()
            if name.startswith(f"dcov/{folder}/") and not name.endswith("/")
        }
    assert found == linked(folder)


def test_the_wheel_has_the_package_and_nothing_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert "dcov/py.typed" in names
    assert "dcov/exporters/lock.toml" in names
    top = {name.partition("/")[0] for name in names}
    assert top == {"dcov", "dcov_fleet-0.1.0.dist-info"}
    modules = {name for name in listed() if name.startswith("dcov/") and name.endswith(".py")}
    assert modules <= names


def test_the_sdist_builds_elsewhere(built: Path) -> None:
    """It carries the folders that the links lead to, else the wheel from it would lack them."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE"} <= names
    for folder in LINKED:
        assert {f"dcov/{name}" for name in linked(folder)} <= names


def test_an_editable_install_finds_the_linked_folders(
    source: Path, environment: Environment
) -> None:
    environment.install("--editable", source)
    assert environment.prove() == source / "dcov"


def test_it_installs_from_a_git_url(environment: Environment) -> None:
    """As README.md says; this is the last commit and not the working tree."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    environment.install(f"git+file://{ROOT}")
    assert environment.folder in environment.prove().parents


def declared(group: str = "") -> set[str]:
    """Name what pyproject.toml asks for: always, or for one of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = project["optional-dependencies"][group] if group else project["dependencies"]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def test_what_is_asked_for_is_locked() -> None:
    assert declared() <= {canonicalize_name(one.name) for one in locked()}


def test_what_is_imported_is_asked_for() -> None:
    """Within functions, too, where no environment would miss it; and nothing else is asked for."""
    homes = packages_distributions()
    found: dict[str, set[str]] = {}
    for name in listed():
        if name.endswith(".py") and name.startswith(("dcov/", "tasks/", "dashboards/")):
            for top in imported(ROOT / name):
                for home in homes.get(top, [top]):
                    found.setdefault(canonicalize_name(home), set()).add(name)
    assert found.pop("pytest") == {"dcov/testing/plugin.py"}
    del found["pydantic-core"]  # comes with pydantic, of just the version that belongs to it
    by_name = {"nornir-netmiko"}  # Nornir finds its plugins by their entry points
    assert found.keys() - declared("notebook") == declared() - by_name


def imported(file: Path) -> Iterator[str]:
    """Yield the packages of others that a module imports, at its top or anywhere else."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            top = module.partition(".")[0]
            if top != "dcov" and top not in sys.stdlib_module_names:
                yield top
