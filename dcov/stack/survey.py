"""What a master has before anything is done to it: engine, containers, networks, listeners."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dcov.context import Context
from dcov.deployed import Seen
from dcov.errors import EngineError, PortBusyError
from dcov.ssh.command import Shell, quote
from dcov.ssh.scripts import remote
from dcov.stack.paths import HOME

SITE = "io.dcov.site"  # the label of everything that dcov makes
PROJECT = "com.docker.compose.project"
PROCESS = re.compile(r'"(?P<name>[^"]*)",pid=(?P<pid>\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A file or folder of the machine, and where a container sees it; `volume` is its name."""

    source: str
    inside: str
    volume: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container, running or not; `project` is its compose project, `site` the one of dcov.

    `addresses` are by network, empty while it does not run.
    """

    name: str
    image: str
    state: str
    project: str = ""
    site: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that it is on."""
        return tuple(self.addresses)

    @property
    def ours(self) -> bool:
        """Whether dcov made it."""
        return bool(self.site)

    @property
    def owner(self) -> str:
        """Who else made it, in words for a message."""
        return f"the compose project {self.project}" if self.project else "somebody else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of the engine, with its first subnet and gateway."""

    name: str
    driver: str
    scope: str
    subnet: str = ""
    gateway: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Which program listens on a port of the machine."""

    port: int
    process: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A master as it was found.

    `engine` and `compose` are versions, empty where there is none; `trouble` are the words of an
    engine that is installed and does not answer; `disabled` tells that it runs as a unit that will
    not start with the machine. `site` is what the master has of the site's files.
    `unsettled` tells that somebody is changing the server, or died while doing so.
    """

    engine: str = ""
    compose: str = ""
    trouble: str = ""
    disabled: bool = False
    tools: frozenset[str] = frozenset()
    containers: Mapping[str, Container] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    site: Mapping[str, Seen] = field(default_factory=dict)
    unsettled: bool = False

    @classmethod
    def settled(cls, ctx: Context) -> Survey:
        """Ask the server, once what a dead run left there has been taken back.

        It would be seen as lasting otherwise. Raises LockedError while somebody else changes it.
        """
        survey = cls.of(ctx)
        if survey.unsettled and not ctx.planning:
            ctx.ensure()
            survey = cls.of(ctx)
        return survey

    @classmethod
    def of(cls, ctx: Context) -> Survey:
        """Ask the server, in one exec."""
        lines: list[bytes] = []
        library = remote("digest.sh", "seen-site.sh", "survey.sh")
        script = Shell(f"home={quote((str(HOME),))}\n{library}")
        ctx.run(script, reads=True, sink=lines.append)
        return cls.read(b"".join(lines).decode(errors="replace"))

    @classmethod
    def read(cls, output: str) -> Survey:
        """Read what survey.sh prints."""
        said: dict[str, list[str]] = {}
        for line in output.splitlines():
            key, tab, value = line.partition("\t")
            if tab:
                said.setdefault(key, []).append(value)
        containers = [_container(json.loads(text)) for text in said.get("container", ())]
        networks = [_network(json.loads(text)) for text in said.get("network", ())]
        return cls(
            engine=_last(said, "engine"),
            compose=_last(said, "compose"),
            trouble=_last(said, "trouble"),
            disabled="disabled" in said,
            tools=frozenset(said.get("tool", ())),
            containers={item.name: item for item in containers},
            networks={item.name: item for item in networks},
            addresses=tuple(
                place.split("/")[0]
                for device, _, place in (line.partition(" ") for line in said.get("address", ()))
                if not device.startswith(("docker", "br-", "veth"))
            ),
            listeners=tuple(
                Listener(port=int(port), process=_process(process))
                for port, _, process in (line.partition(" ") for line in said.get("listener", ()))
            ),
            site=Seen.read(said.get("site", ())),
            unsettled="unsettled" in said,
        )

    @property
    def site_is_placed(self) -> bool:
        """Whether the site's files lie where a deploy of dcov's puts them."""
        return any(item.placed for item in self.site.values())

    def require_engine(self) -> None:
        """Raise EngineError unless engine and compose can be used."""
        if not self.engine:
            raise EngineError(detail=self.trouble or "docker is not installed")
        if not self.compose:
            raise EngineError(detail="compose is not installed")

    def require_port(self, port: int) -> None:
        """Raise PortBusyError where somebody listens on a port of this machine."""
        for listener in self.listeners:
            if listener.port == port:
                raise PortBusyError(port=port, owner=listener.process)

    def runs(self, name: str) -> bool:
        """Whether a container of this name is running."""
        return name in self.containers and self.containers[name].state == "running"

    def foreign(self, name: str) -> Container | None:
        """Return the container of this name that somebody else made."""
        found = self.containers.get(name)
        return None if found is None or found.ours else found


def _container(data: Mapping[str, object]) -> Container:
    labels = data["labels"] or {}
    assert isinstance(labels, dict)
    networks = data["networks"] or {}
    assert isinstance(networks, dict)
    return Container(
        name=str(data["name"]).removeprefix("/"),
        image=str(data["image"]),
        state=str(data["state"]),
        project=labels.get(PROJECT, ""),
        site=labels.get(SITE, ""),
        addresses={name: str(of["IPAddress"] or "") for name, of in networks.items()},
        mounts=_mounts(data["mounts"]),
    )


def _mounts(said: object) -> tuple[Mount, ...]:
    assert isinstance(said, list)
    return tuple(
        Mount(source=item["Source"], inside=item["Destination"], volume=item.get("Name", ""))
        for item in said
    )


def _process(said: str) -> str:
    """Read `users:(("nginx",pid=812,fd=6),...)`; without it the program is not known."""
    found = PROCESS.search(said)
    return f"{found['name']} (pid {found['pid']})" if found else said


def _network(data: Mapping[str, object]) -> Network:
    ipam = data["ipam"] or [{}]
    assert isinstance(ipam, list)
    return Network(
        name=str(data["name"]),
        driver=str(data["driver"]),
        scope=str(data["scope"]),
        subnet=ipam[0].get("Subnet", "") if ipam else "",
        gateway=ipam[0].get("Gateway", "") if ipam else "",
    )


def _last(said: Mapping[str, list[str]], key: str) -> str:
    return said[key][-1] if key in said else ""
