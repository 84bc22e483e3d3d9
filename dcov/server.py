"""One server of a fleet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from dcov.errors import ConfigError
from dcov.facts import Facts
from dcov.inventory.entry import Entry, Login, Role, Unsaid
from dcov.secret import Secret

if TYPE_CHECKING:
    from dcov.engine.run import Plan
    from dcov.report import Outcome, Report
    from dcov.runnable import Task
    from dcov.ssh.session import WiredSession

P = ParamSpec("P")
R = TypeVar("R")


class Runs(Protocol):
    """The fleet that a server belongs to, as far as the server needs it."""

    def run(self, task: Any, /, *args: Any, **params: Any) -> Report: ...
    def plan(self, task: Any, /, *args: Any, **params: Any) -> Plan: ...
    def sh(self, command: str, /, *, within: float = ..., as_root: bool = ...) -> Report: ...
    def session(self, entry: Entry) -> AbstractContextManager[WiredSession]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One machine: declared by name and address, and bound to a fleet when one holds it.

    The keywords are the keys of `servers:` in fleet-config.yaml. Port and user are 22 and root
    where neither they nor ~/.ssh/config say otherwise.
    """

    name: str
    server_ip: str = ""
    ssh_host: str = ""
    ssh_port: int | None = None
    ssh_user: str | None = None
    ssh_key_path: Path | None = None
    ssh_password: Secret | None = None
    sudo_password: Secret | None = None
    ssh_jump: str | None = None
    local: bool = False
    role: str = "worker"
    scrape_address: str = ""
    exporter_ports: Mapping[str, int] = field(default_factory=dict)
    has_gpu: bool | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()

    @property
    def entry(self) -> Entry:
        """The declaration that the engine works with; a ConfigError lists all that is wrong."""
        from dcov.config.server import ServerSettings
        from dcov.inventory.valid import valid

        checked, problems = valid(self._keys(), model=ServerSettings, at=str(self.name))
        if checked is None:
            raise ConfigError(problems=problems)
        login = Login(
            address=self.ssh_host or self.server_ip or self.name,
            port=self.ssh_port or 22,
            user=self.ssh_user or "root",
            key_path=checked.ssh_key_path,
            password=self.ssh_password,
            sudo_password=self.sudo_password,
            jump=self.ssh_jump,
            local=self.local,
            unsaid=Unsaid.among(
                user=self.ssh_user, port=self.ssh_port, key=self.ssh_key_path, jump=self.ssh_jump
            ),
        )
        return Entry(
            name=self.name,
            login=login,
            role=Role(self.role),
            scrape_address=self.scrape_address or self.server_ip,
            exporter_ports=checked.exporter_ports,
            has_gpu=self.has_gpu,
            labels=checked.labels,
            groups=self.groups,
        )

    def _keys(self) -> dict[str, Any]:
        """Return what stands under these keys in a file."""
        own = {item.name: getattr(self, item.name) for item in fields(self)}
        del own["local"], own["groups"]
        own["server_ip"] = self.server_ip or ("localhost" if self.local else self.name)
        own["ssh_key_path"] = str(self.ssh_key_path) if self.ssh_key_path else None
        return {key: value for key, value in own.items() if value != ""}


class BoundServer:
    """A server of a fleet, such as `fleet["gpu-01"]`: what can be asked of it and done to it."""

    def __init__(self, entry: Entry, *, fleet: Runs) -> None:
        self.entry = entry
        self._fleet = fleet

    def __repr__(self) -> str:
        return f"<Server {self.name} ({self.entry.role} at {self.entry.login.place})>"

    @property
    def name(self) -> str:
        """The server's name."""
        return self.entry.name

    @property
    def facts(self) -> Facts:
        """What the server is; asked now."""
        from dcov.engine.asks import ask_facts

        facts: Facts = self._value(self._fleet.run(ask_facts))
        return facts

    def run(self, task: Task[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """Run a task here; raises FleetError unless it comes out well."""
        return self._only(self._fleet.run(task, *args, **kwargs))

    def plan(self, task: Task[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Plan:
        """Say what a task would do here."""
        return self._fleet.plan(task, *args, **kwargs)

    def sh(self, command: str, /, *, within: float = 60.0, as_root: bool = False) -> Outcome:
        """Run a shell command; how it failed is an outcome, too, and `value` has its output."""
        return self._fleet.sh(command, within=within, as_root=as_root)[self.name]

    def read(self, path: str | PurePosixPath) -> str:
        """Return the text of a file, read as root."""
        from dcov.engine.asks import read_file

        text: str = self._value(self._fleet.run(read_file, path=str(path)))
        return text

    def put(self, content: str, *, to: str | PurePosixPath, mode: int = 0o644) -> Outcome:
        """Make a file have this content; nothing happens where it has it."""
        from dcov.engine.put import put_file

        return self._only(self._fleet.run(put_file, path=str(to), content=content, mode=mode))

    @contextmanager
    def connect(self) -> Iterator[WiredSession]:
        """Hold one connection, for commands and ports outside of any run.

        Of its session's `run(argv, within=seconds)` nothing is recorded, and nothing taken back;
        it returns how the command ended, whatever its exit code. `open_port(port, within=seconds)`
        is a socket to a port as the server sees it. Raises ConnectError at the first use.
        """
        with self._fleet.session(self.entry) as session:
            yield session

    def _only(self, report: Report) -> Outcome:
        report.raise_for_failures()
        return report[self.name]

    def _value(self, report: Report) -> Any:
        return self._only(report).value
