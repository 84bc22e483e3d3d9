"""Resources as data: what was found on a real server, what was done, what was there after it.

The cases lie beside this file, one folder a kind. `resource`, `before` (how a server is made so)
and the comment are written by hand; the rest is recorded by running this file as root:

    unshare --mount python tests/unit/resources/cases.py [CASE.toml ...]

It puts a layer over /etc, /usr, /var and /srv, so that the machine stays as it is, runs `before`,
the resource's own probe, and what `plan` and `apply` make of the answer, as one transaction by
the real apply script on this machine; then it probes again. What needs systemd is recorded on a
server of a lab that is up:

    PYTHONPATH=tests python tests/unit/resources/cases.py --lab NAME:SERVER CASE.toml ...

Look at what it has written.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import dcov.resources
from dcov import Context, Fleet, task
from dcov.cancel import Cancel
from dcov.converge.group import _split, probe_script
from dcov.converge.transaction import Converger, Frame
from dcov.inventory.entry import Entry, Login
from dcov.resources import Content, Resource, Step
from dcov.secret import Masker
from dcov.ssh.command import Finished, Shell
from dcov.ssh.local import LocalSession
from dcov.ssh.scripts import remote

HERE = Path(__file__).parent
LAYERED = ("/etc", "/usr", "/var", "/srv")
_SCRIPTS = {remote(file.name): file.name for file in (files(dcov) / "templates/remote").iterdir()}


@dataclass(frozen=True)
class Case:
    """One resource on one server."""

    path: Path

    def __str__(self) -> str:
        return self.path.stem

    @property
    def data(self) -> dict[str, Any]:
        """What is in the file."""
        return tomllib.loads(self.path.read_text())

    @property
    def resource(self) -> Resource:
        """The wanted state."""
        kind = getattr(dcov.resources, self.data["kind"])
        types = {item.name: str(item.type) for item in fields(kind)}
        given = {name: _typed(value, types[name]) for name, value in self.data["resource"].items()}
        made: Resource = kind(**given)
        return made

    def answer(self, key: str) -> Finished:
        """What a probe brought back, `found` or `after`."""
        return Finished(command="probe", **self.data[key])


def _typed(value: Any, wanted: str) -> Any:
    if wanted == "PurePosixPath":
        return PurePosixPath(value)
    if wanted == "Path":
        return Path(value)
    return tuple(value) if isinstance(value, list) else value


def cases(kind: str = "*") -> list[Case]:
    """Return the recorded cases of a kind."""
    return [Case(path) for path in sorted(HERE.glob(f"{kind}/*.toml"))]


def written(step: Step) -> list[Any] | str | dict[str, str]:
    """Return a step as the case files hold it; a script of ours by its name."""
    if isinstance(step, Shell):
        return {"script": found} if (found := _SCRIPTS.get(str(step))) else str(step)
    return [{"new": str(word.to)} if isinstance(word, Content) else str(word) for word in step]


class Machine(Protocol):
    """Where cases are recorded."""

    def sh(self, script: str) -> bytes:
        """Run a script as root, and return what it said; raises where it failed."""
        ...

    def converge(self, resource: Resource) -> None:
        """Apply as a run does, and keep it."""
        ...


def record(case: Case, *, machine: Machine) -> None:
    """Run a case on a machine and write down what was seen."""
    own, before = case.path.read_text().partition("\n\n# recorded\n")[0], case.data["before"]
    machine.sh(f"set -eu; rm -rf /srv/*; {before}")
    resource = case.resource
    found = probe(resource, machine=machine)
    change = resource.plan(found)
    lines = [
        f"found = {toml({'exit_code': found.exit_code, 'stdout': found.stdout})}",
        f"action = {toml(change.action.value)}",
        f"diff = {toml(list(change.diff))}",
    ]
    if change.needed:
        lines.append(f"run = {toml([written(step) for step in resource.apply(change)])}")
        machine.converge(resource)
    after = probe(resource, machine=machine)
    lines.append(f"after = {toml({'exit_code': after.exit_code, 'stdout': after.stdout})}")
    case.path.write_text(own.rstrip("\n") + "\n\n# recorded\n" + "\n".join(lines) + "\n")


def probe(resource: Resource, *, machine: Machine) -> Finished:
    """Ask as a run does."""
    mark = secrets.token_hex(8)
    out, code = _split(
        machine.sh(probe_script([resource], mark=mark)), mark=mark.encode(), count=2
    )[1]
    return Finished(command="probe", exit_code=code, stdout=out.decode())


class Here:
    """This machine, in mounts of its own."""

    def sh(self, script: str) -> bytes:
        return subprocess.run(("sh", "-c", script), capture_output=True, check=True).stdout

    def converge(self, resource: Resource) -> None:
        entry = Entry(name="here", login=Login(address="localhost", local=True))
        session = LocalSession(entry, masker=Masker(), cancel=Cancel())
        run = f"19700101-000000-{secrets.token_hex(3)}"
        converger = Converger(
            session, key="here", run=run, holder="record", masker=Masker(), cancel=Cancel()
        )
        frame = Frame()
        converger.apply(converger.probe([resource]), frame=frame, limit=300)
        converger.confirm(frame)


class InLab:
    """A server of a lab."""

    def __init__(self, place: str) -> None:
        from fleetlab import Lab

        name, _, server = place.partition(":")
        lab = Lab(name)
        self._server = lab.server(server)
        self._fleet = Fleet.load(lab.config).where(server)

    def sh(self, script: str) -> bytes:
        said: str = self._server.exec(["sh", "-c", script]).stdout
        return said.encode()

    def converge(self, resource: Resource) -> None:
        @task(on="all")
        def ensure(ctx: Context) -> None:
            ctx.ensure(resource)

        self._fleet.run(ensure).raise_for_failures()


def toml(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {toml(item)}" for key, item in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def layer() -> None:
    """Put what is written from now on into memory."""
    subprocess.run(("mount", "--make-rprivate", "/"), check=True)
    top = Path(tempfile.mkdtemp())
    subprocess.run(("mount", "-t", "tmpfs", "tmpfs", top), check=True)
    for folder in LAYERED:
        upper, work = top / f"upper{folder}", top / f"work{folder}"
        upper.mkdir(parents=True)
        work.mkdir(parents=True)
        options = f"lowerdir={folder},upperdir={upper},workdir={work}"
        subprocess.run(("mount", "-t", "overlay", "overlay", "-o", options, folder), check=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    machine: Machine
    if words[:1] == ["--lab"]:
        machine, words = InLab(words[1]), words[2:]
    else:
        machine = Here()
        layer()
    for case in [Case(Path(word)) for word in words] or cases():
        record(case, machine=machine)
        print(case.path.relative_to(HERE.parents[2]) if case.path.is_absolute() else case.path)
