"""What is built is what stands here: sdist, wheel, editable install, install from git.

Nothing is downloaded: the fresh environments find dependencies and setuptools in the one that runs
the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from pages import ROOT

LINKED = ("tasks", "templates", "dashboards")
SHIPPED = ("install-exporters", "upgrade-exporters", "remove-exporters", "configure-prometheus")
PROOF = """
from importlib.resources import files
from importlib.util import find_spec
import dcov
from dcov.tasks import install_exporters
assert install_exporters.name == "install-exporters"
for name in ("remote/converge.sh", "units/node_exporter.service.j2"):
    assert files("dcov").joinpath("templates", name).read_text()
for name in ("tasks", "templates", "dashboards"):
    assert find_spec(name) is None, name
print(dcov.__file__)
"""

pytestmark = pytest.mark.xdist_group("packaging")  # built once


def ran(*argv: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, argv)),
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
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


class Environment:
    """A virtual environment without pip, which sees the dependencies of this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "env" / "bin" / "python"
        venv.create(folder / "env", symlinks=True)
        own = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env")}))
        # One line, and no site folder of its own: this environment's editable dcov stays out.
        (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def install(self, *what: str | Path) -> None:
        ran(
            sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet",
            "--no-deps", "--no-build-isolation", *what, cwd=self.folder,
        )  # fmt: skip

    def prove(self) -> Path:
        """Use it as a user does, from an empty folder; return where dcov is imported from."""
        empty = self.folder / "empty"
        empty.mkdir()
        said = ran(self.python.parent / "dcov", "tasks", "--shipped", "-o", "name", cwd=empty)
        assert set(SHIPPED) <= set(said.split())
        return Path(ran(self.python, "-c", PROOF, cwd=empty).strip()).parent


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


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
