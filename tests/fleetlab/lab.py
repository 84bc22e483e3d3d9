"""A whole lab: one site of five blank servers, up or down."""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import credentials, engine, image, network, registry, release, router, site, topology
from .acme import Acme
from .authority import Authority
from .command import LabError, log
from .container import Container
from .mirror import Mirror
from .registry import Registry
from .server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One server of the lab as it is now."""

    name: str
    state: str
    login: str


class Lab:
    """A lab by its name; two of different names can be up at once.

    `state` is the folder of its key, passwords and site files; `down` removes it.
    """

    def __init__(self, name: str = "demo", *, state: Path | None = None) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
            raise ValueError(f"{name!r}: a lab's name has small letters, digits and dashes")
        home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
        self.name = name
        self.state = (state or Path(home) / "dcov-lab" / name).absolute()
        self.mirror = Mirror(state=self.state)
        self.authority = Authority(folder=self.state / "authority")
        self.registry = Registry(lab=name, authority=self.authority)

    @property
    def config(self) -> Path:
        """The fleet-config.yaml that describes the servers which are up."""
        return self.state / "fleet-config.yaml"

    def up(self, *, only: Sequence[str] | None = None) -> None:
        """Have these servers up (all for None), with what they are reached through.

        A server that runs is left as it is, not made blank, so a second `up` is quick.
        """
        specs = topology.chosen(None if only is None else tuple(only))
        with self._alone():
            self._claim_state()
            engine.ensure(log_to=image.cache() / "dockerd.log")
            behind_nat = any(spec.forwards for spec in specs)
            with_master = any(spec.is_master for spec in specs)
            with image.building():
                for name in sorted(
                    {spec.image for spec in specs} | ({"nat"} if behind_nat else set())
                ):
                    image.ensure(name)
                if with_master:
                    registry.build()
                releases = release.ensure()
            credentials.ensure(self.state)
            networks = network.ensure(self.name)
            if behind_nat:
                router.ensure(self.name, networks=networks)
            if with_master:
                self.registry.ensure(outer=networks["outer"])
            with ThreadPoolExecutor(len(specs)) as pool:
                list(pool.map(Server.ensure, [self.server(spec.name) for spec in specs]))
            self.mirror.fill(releases)
            self.mirror.ensure()
            self._describe()

    def down(self) -> None:
        """Remove all of this lab, its state folder too; images and artifacts stay cached."""
        with self._alone():
            self.mirror.stop()
            if engine.answers():
                label = f"label=dcov-lab={self.name}"
                for container in engine.docker("ps", "-aq", "--filter", label).stdout.split():
                    Container(name=container).remove()
                for volume in engine.docker("volume", "ls", "-q", "--filter", label).stdout.split():
                    engine.docker("volume", "rm", volume)
                network.remove(self.name)
            if self._is_ours():
                shutil.rmtree(self.state)
        log.info("lab %s is down", self.name)

    @property
    def acme(self) -> Acme:
        """The ACME server, which runs once its `ensure` has been called; the lab must be up."""
        return Acme(lab=self.name, authority=self.authority, outer=self._networks()["outer"])

    def server(self, name: str) -> Server:
        """One server by its name in the fleet; the lab must be up."""
        return Server(
            spec=topology.find(name),
            lab=self.name,
            networks=self._networks(),
            credentials=credentials.ensure(self.state),
            authority=self.authority,
        )

    def lend(self, *, to: Path) -> None:
        """Put the lab's secrets and host keys beside a fleet-config.yaml that is not its own."""
        site.lend(self.state, to=to)

    def status(self) -> tuple[Status, ...]:
        """Every server that the lab could have; `absent` are those that are not up."""
        if not engine.answers() or not self._is_ours() or not self._has_networks():
            return tuple(Status(name=name, state="absent", login="") for name in topology.NAMES)
        servers = [self.server(name) for name in topology.NAMES]
        with ThreadPoolExecutor(len(servers)) as pool:
            states = list(pool.map(Server.systemd_state, servers))
        return tuple(
            Status(
                name=server.name, state=state, login=f"{server.user}@{server.address}:{server.port}"
            )
            for server, state in zip(servers, states, strict=True)
        )

    def _describe(self) -> None:
        up = [self.server(status.name) for status in self.status() if status.state != "absent"]
        site.describe(
            self.name,
            servers=up,
            state=self.state,
            credentials=credentials.ensure(self.state),
            mirror=self.mirror.url,
            images=self.registry.images,
        )

    def _has_networks(self) -> bool:
        return all(network.find(self.name, kind=kind.name) for kind in network.KINDS)

    def _networks(self) -> dict[str, network.Network]:
        found = {}
        for kind in network.KINDS:
            one = network.find(self.name, kind=kind.name)
            if one is None:
                raise LabError(f"lab {self.name} is not up")
            found[kind.name] = one
        return found

    def _claim_state(self) -> None:
        """Mark the folder as this lab's, so that `down` never removes a folder of somebody else."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._is_ours():
            return
        if any(self.state.iterdir()):
            raise LabError(f"{self.state} is not empty and not of lab {self.name}")
        (self.state / "lab.json").write_text(json.dumps({"name": self.name}))

    def _is_ours(self) -> bool:
        mark = self.state / "lab.json"
        return mark.is_file() and json.loads(mark.read_text()) == {"name": self.name}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` or `down` of this lab at a time."""
        with (image.cache() / f"lab-{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
