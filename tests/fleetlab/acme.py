"""The ACME server of one lab: Debian's pebble, which certifies names that lead to the master.

It runs for who asks for it. Its own name server says that every name is the master. It keeps
nothing: after a new start it knows no account of an earlier one, and certbot needs a blank master.
"""

import json
import time
import urllib.request
from dataclasses import dataclass

from . import image
from .authority import Authority
from .command import LabError
from .container import Container
from .engine import docker
from .network import Network
from .server import Server
from .topology import ACME

HOST = "acme.lab.example"
PORT = 14000
TRUST = "/usr/local/share/ca-certificates/dcov-lab.crt"
CLIENT = f"server = https://{HOST}:{PORT}/dir\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acme:
    """An ACME server by the lab's name."""

    lab: str
    authority: Authority
    outer: Network

    @property
    def container(self) -> Container:
        """What it runs in."""
        return Container(name=f"dcov-lab-{self.lab}-acme")

    def ensure(self, *, master: Server) -> None:
        """Have it running, and this server's certbot use it.

        As a site would: by /etc/letsencrypt/cli.ini and the system's trusted authorities. certbot
        need not be installed yet; the package leaves a cli.ini that is there alone.
        """
        with image.building():
            wanted = image.ensure("pebble")
        found = self.container.inspect()
        if not found or found["Config"]["Image"] != wanted or not found["State"]["Running"]:
            self._create(wanted, master=master)
        authority = self.authority.certificate.read_text()
        master.exec(("install", "-D", "-m", "644", "/dev/stdin", TRUST), input=authority)
        master.exec(("update-ca-certificates",))
        client = "/etc/letsencrypt/cli.ini"
        master.exec(("install", "-D", "-m", "644", "/dev/stdin", client), input=CLIENT)

    def say(self, address: str) -> None:
        """Have every name be this address: another one than the master's fails each challenge."""
        body = json.dumps({"ip": address}).encode()
        url = f"http://{self._address}:8055/set-default-ipv4"
        urllib.request.urlopen(url, data=body, timeout=10).close()

    def root(self) -> str:
        """The root of the certificates that it issues; another one after each start."""
        return self.authority.ask(f"https://{self._address}:15000/roots/0").decode()

    def stop(self) -> None:
        """Remove it, with all that it knows."""
        self.container.remove()

    @property
    def _address(self) -> str:
        return self.outer.address(ACME)

    def _create(self, wanted: str, *, master: Server) -> None:
        certificate, key = self.authority.issue(HOST, addresses=(self._address,))
        self.container.remove()
        argv = ["create", "--name", self.container.name, "--label", f"dcov-lab={self.lab}"]
        argv += ["--network", self.outer.name, "--ip", self._address, "--init"]
        docker(*argv, "--env", f"MASTER={master.address}", wanted)
        docker("cp", str(certificate), f"{self.container.name}:/etc/lab/server.crt")
        docker("cp", str(key), f"{self.container.name}:/etc/lab/server.key")
        self.container.start()
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.authority.ask(f"https://{self._address}:{PORT}/dir")
            except OSError as error:
                if time.monotonic() > deadline:
                    raise LabError(f"pebble does not answer: {error}") from error
                time.sleep(0.1)
            else:
                return
