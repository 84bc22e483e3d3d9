"""The existing product's documented sample deploys a site: by root on the master, with certbot."""

from __future__ import annotations

import secrets
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import people
from lab.ground import OLD, Ground
from lab.people import OnMaster, Story

from dcov.exporters.artifact import NODE_EXPORTER, Arch
from dcov.exporters.depot import Depot
from dcov.exporters.download import Download
from dcov.exporters.lock import Lock
from dcov.exporters.mirror import Mirror
from dcov.stack.component import pinned_images

pytestmark = pytest.mark.timeout(1200)
SAMPLE = people.ROOT / "inventory" / "sample-fleet-config.yaml"
DOMAIN = "monitoring.example.com"
# It names neither jump host nor port: these two need none where dcov runs on the master.
SERVERS = {"192.0.2.100": "gpu-01", "192.0.2.101": "gpu-04"}
COMPONENTS = ("prometheus", "grafana", "cryptolabs-proxy", "ipmi-monitor")


@pytest.fixture(scope="module")
def root(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnMaster]:
    """Root on a blank master with dcov, the sample, the key that it names, and approved servers."""
    names = ("master", *SERVERS.values())
    ground.blank(*names)
    work = tmp_path_factory.mktemp("work")
    found = OnMaster(server=ground.server("master"))
    try:
        people.install(found.server, work=work)
        ground.lab.acme.ensure(master=found.server)
        found.bring(sample(ground, work / "site"), to="site")
        found.bring(key(ground, work / "key"), to=".ssh")
        found.bring(fetched(ground, work / "fetched"), to=".cache/dcov/artifacts")
        assert found.dcov("keys", "scan").exit == 0
        assert found.dcov("keys", "approve", "server1", "server2").exit == 0
        yield found
    finally:
        ground.lab.acme.stop()
        people.reset(ground.server(name) for name in names)


def sample(ground: Ground, folder: Path) -> Path:
    """The sample with other addresses and passwords."""
    folder.mkdir()
    text = SAMPLE.read_text()
    for address, name in SERVERS.items():
        assert address in text
        text = text.replace(address, ground.server(name).address)
    for whose in ("ADMIN", "BMC", "GRAFANA", "IPMI_MONITOR"):
        assert f"YOUR_{whose}_PASSWORD" in text
        text = text.replace(f"YOUR_{whose}_PASSWORD", secrets.token_urlsafe(15))
    config = folder / "fleet-config.yaml"
    config.touch(mode=0o600)
    config.write_text(text)
    # Nothing can be had of upstream in the lab: the version that it has is locked beside the file.
    Lock(versions={"node_exporter": OLD}).write(folder / "exporters.lock.toml")
    return folder


def key(ground: Ground, folder: Path) -> Path:
    """The lab's key, called as in the sample."""
    folder.mkdir()
    shutil.copy(ground.lab.state / "id_ed25519", folder / "id_rsa")
    return folder


def fetched(ground: Ground, folder: Path) -> Path:
    """What a dcov has fetched: one with these files asks nobody for them."""
    depot = Depot(folder, download=Download(mirror=Mirror(base=ground.lab.mirror.url)))
    depot.fetch(NODE_EXPORTER.artifact(OLD, arch=Arch.AMD64))
    return folder


@pytest.fixture(scope="module")
def story(root: OnMaster, ground: Ground) -> Story:
    """Once there is an engine, the lab's images stand in it for upstream's, under their names."""
    engine = root.dcov("quickstart", "-y", "--only", "install-prerequisites")
    assert engine.exit == 0, engine.said
    for component in COMPONENTS:
        image = ground.lab.registry.images[component]
        root.server.exec(["docker", "pull", "--quiet", image])
        root.server.exec(["docker", "tag", image, pinned_images()[component]])
    return Story.of(root.dcov)


def test_the_sample_deploys_a_site(story: Story, root: OnMaster) -> None:
    """As it stands but for addresses and passwords, with dcov's own images; then it is settled."""
    story.ends_well(skipped=["deploy-marketplace-exporters"])
    assert story.first.statuses["install-exporters"].keys() == {"master", "server1", "server2"}
    listed = root.server.exec(["docker", "ps", "--format", "{{.Names}} {{.Image}}"]).stdout
    assert dict(line.split() for line in listed.splitlines()) == {
        component: pinned_images()[component] for component in COMPONENTS
    }


def test_its_certificate_is_one_of_the_acme_server(story: Story, ground: Ground) -> None:
    """Whom certbot asks is said in the master's own cli.ini; it is believed by its root alone."""
    trust = ssl.create_default_context(cadata=ground.lab.acme.root())
    place = (ground.server("master").address, 443)
    with (
        socket.create_connection(place, timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname=DOMAIN) as connection,
    ):
        shown = connection.getpeercert()
    assert shown is not None
    assert ("DNS", DOMAIN) in shown["subjectAltName"]
