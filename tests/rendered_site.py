"""What dcov puts on a master, written below a folder: for the programs that check it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import yaml
from certificates import made
from grafana_stand_in import PASSWORD
from one_machine import Machine

from dcov import Fleet
from dcov.converge.resource import Resource
from dcov.rendering import Templates
from dcov.resources import Directory, File, SecretFile
from dcov.secret import Secret
from dcov.stack import Stack, Survey, proxy
from dcov.stack.paths import COMPOSE_FILE

ABSOLUTE = re.compile(r"(?<![\w./-])/(?=(?:etc|run|srv|usr|var)/)")
SECRETS = f"""\
fleet_admin_pass: correct-horse-battery
grafana_password: {PASSWORD}
ipmi_monitor_password: another-long-password
bmc_password: one-more-long-password
vast_api_keys: [{{name: first, key: vast-key-one}}, {{name: second, key: vast-key-two}}]
runpod_api_keys: [{{name: only, key: runpod-key}}]
"""
OWN_RULES = "groups: [{name: own, rules: [{record: 'own:up:sum', expr: sum(up)}]}]\n"


@dataclass(frozen=True)
class RenderedSite:
    """The stack of one site, and `root`: what is `/` for everything that it writes.

    The texts are those of a deploy, but for each absolute path in them, which leads below `root`.
    """

    root: Path
    stack: Stack

    @classmethod
    def of(
        cls, config: str, *, folder: Path, survey: Survey, templates: Templates | None = None
    ) -> RenderedSite:
        """Read this fleet-config.yaml as a deploy does; the master was found like this."""
        here = folder / "site"
        here.mkdir()
        (here / "fleet-config.yaml").write_text(config)
        (here / "own.yml").write_text(OWN_RULES)
        (here / ".secrets.yaml").touch(mode=0o600)
        (here / ".secrets.yaml").write_text(SECRETS)
        site = Fleet.load(here / "fleet-config.yaml").site
        stack = Stack(site=site, survey=survey, templates=templates or Templates())
        return cls(root=folder / "root", stack=stack)

    def at(self, path: PurePath | str) -> Path:
        """Return where a path of the master lies."""
        return self.root / str(path).removeprefix(str(self.root)).lstrip("/")

    def led(self, text: str) -> str:
        """Return a text whose absolute paths lead below `root`."""
        return ABSOLUTE.sub(f"{self.root}/", text)

    def place(self, *resources: Resource) -> None:
        """Make the folders among these, and write the files."""
        for item in resources:
            if isinstance(item, Directory):
                self.at(item.path).mkdir(parents=True, exist_ok=True)
            if isinstance(item, (File, SecretFile)):
                content = item.content
                text = content.reveal() if isinstance(content, Secret) else str(content)
                path = self.at(item.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.led(text))

    def compose(self) -> dict[str, Any]:
        """Read the compose file that was placed."""
        read: dict[str, Any] = yaml.safe_load(self.at(COMPOSE_FILE).read_text())
        return read

    def mounts(self, service: str) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
        """Yield the folders that its container mounts, and where it sees each."""
        for volume in self.compose()["services"][service].get("volumes", ()):
            source, inside, *_ = map(PurePosixPath, volume.split(":"))
            if source.is_absolute():
                yield source, inside

    def mount(self, service: str) -> None:
        """Have the folders of the master where the service's container sees them."""
        for source, inside in self.mounts(service):
            Path(source).mkdir(parents=True, exist_ok=True)
            place = self.at(inside)
            place.parent.mkdir(parents=True, exist_ok=True)
            if source != inside:
                if place.is_dir():
                    place.rmdir()  # a mount point: empty
                place.symlink_to(source)

    def certify(self) -> None:
        """Have the certificate with which the proxy begins; an operator's own is there already."""
        wanted = proxy.certificate(self.stack)
        for name in ("ca", "html", "ssl"):
            self.at(proxy.HOME / name).mkdir(parents=True, exist_ok=True)
        led: dict[str, Any] = {"home": self._led(wanted.home), "metrics": self._led(wanted.metrics)}
        if isinstance(wanted, proxy.OwnCertificate):
            led |= {"certificate": self._led(wanted.certificate), "key": self._led(wanted.key)}
            own = made(wanted.name, names=(wanted.name,))
            for path, text in ((led["certificate"], own.pem), (led["key"], own.key_pem())):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_text(text)
        Machine(self.root).ensure(replace(wanted, **led))

    def _led(self, path: PurePosixPath) -> PurePosixPath:
        return PurePosixPath(self.at(path))
