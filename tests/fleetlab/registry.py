"""The image registry of one lab: what the servers' own engines pull from.

It has the lab's images and nothing else, and is reached on the network `outer` alone; this machine
pushes to it through loopback, where an engine does not insist on knowing the certificate.
"""

import hashlib
import json
import time
import urllib.error
from dataclasses import dataclass
from pathlib import Path

from . import image
from .authority import Authority
from .command import LabError, log
from .container import Container
from .engine import docker
from .network import Network
from .topology import REGISTRY

HOST = "registry.lab.example"
PORT = 5000
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An image of the registry: how it is made, and under which name it is pulled."""

    component: str
    """What dcov calls it under `images:`."""
    layer: str
    name: str
    """Repository and tag."""


SERVICES = (
    Service(component="prometheus", layer="prometheus", name="prometheus:2.42.0"),
    Service(component="grafana", layer="grafana", name="grafana:stand-in"),
    Service(component="cryptolabs-proxy", layer="nginx", name="nginx:1.22.1"),
    Service(component="ipmi-monitor", layer="ipmi-monitor", name="ipmi-monitor:stand-in"),
    Service(component="vastai-exporter", layer="vastai-exporter", name="vastai-exporter:stand-in"),
    Service(component="runpod-exporter", layer="runpod-exporter", name="runpod-exporter:stand-in"),
)


def build() -> None:
    """Have every image in this machine's engine."""
    image.ensure("registry")
    for service in SERVICES:
        image.ensure(service.layer)


def _volume() -> str:
    """All labs whose images have the same recipes share one; another checkout has its own tags."""
    tags = "".join(image.tag(service.layer) for service in SERVICES)
    return f"dcov-lab-registry-{hashlib.sha256(tags.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A registry by the lab's name."""

    lab: str
    authority: Authority

    @property
    def container(self) -> Container:
        """What it runs in."""
        return Container(name=f"dcov-lab-{self.lab}-registry")

    @property
    def images(self) -> dict[str, str]:
        """What a site writes under `images:`."""
        return {service.component: f"{HOST}:{PORT}/{service.name}" for service in SERVICES}

    def ensure(self, *, outer: Network) -> None:
        """Have it running, with every image in it."""
        wanted = image.tag("registry")
        found = self.container.inspect()
        if not found or found["Config"]["Image"] != wanted or not found["State"]["Running"]:
            self._create(wanted, outer=outer)
        self._await()
        for service in SERVICES:
            self.push(image.tag(service.layer), to=service.name)

    def push(self, source: str, *, to: str) -> None:
        """Have this image of this machine's engine in the registry, as `repository:tag`."""
        if self._holds(to) == image.identity(source):
            return
        started = time.monotonic()
        there = f"127.0.0.1:{self._loopback()}/{to}"
        docker("tag", source, there)
        try:
            docker("push", "--quiet", there)
        finally:
            docker("rmi", "--no-prune", there)
        log.info("image %s pushed in %.0f s", to, time.monotonic() - started)

    def vary(self, name: str, *, to: str, by: str) -> None:
        """Have a variant of an image of ours: the same, with these lines of a Dockerfile more."""
        (layer,) = [service.layer for service in SERVICES if service.name == name]
        varied = f"dcov-lab/varied:{to.replace(':', '-')}"
        docker("build", "-q", "-t", varied, "-", input=f"FROM {image.tag(layer)}\n{by}\n")
        self.push(varied, to=to)
        docker("rmi", "--no-prune", varied)

    def _create(self, wanted: str, *, outer: Network) -> None:
        address = outer.address(REGISTRY)
        certificate, key = self.authority.issue(HOST, addresses=(address, "127.0.0.1"))
        self.container.remove()
        volume = _volume()
        docker("volume", "create", volume)
        argv = ["create", "--name", self.container.name, "--label", f"dcov-lab={self.lab}"]
        argv += ["--network", outer.name, "--ip", address, "--publish", f"127.0.0.1::{PORT}"]
        docker(*argv, "--volume", f"{volume}:/var/lib/registry", wanted)
        self._put(certificate, "server.crt")
        self._put(key, "server.key")
        self.container.start()

    def _put(self, file: Path, name: str) -> None:
        docker("cp", str(file), f"{self.container.name}:/etc/lab/{name}")

    def _loopback(self) -> int:
        return int(docker("port", self.container.name, f"{PORT}/tcp").stdout.rpartition(":")[2])

    def _await(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self._ask("/v2/")
            except OSError as error:
                if time.monotonic() > deadline:
                    raise LabError(f"the registry does not answer: {error}") from error
                time.sleep(0.1)
            else:
                return

    def _holds(self, name: str) -> str | None:
        """The id of the image that it has under this name."""
        repository, _, tag = name.rpartition(":")
        try:
            manifest = json.loads(self._ask(f"/v2/{repository}/manifests/{tag}"))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return str(manifest["config"]["digest"])

    def _ask(self, path: str) -> bytes:
        url = f"https://127.0.0.1:{self._loopback()}{path}"
        return self.authority.ask(url, accept=MANIFEST)
