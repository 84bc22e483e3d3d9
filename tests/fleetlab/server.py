"""One server of the lab: made blank, looked into, and broken in the ways that servers break."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import blank, image
from .authority import Authority
from .command import Finished, LabError, log
from .container import Container
from .credentials import Credentials
from .engine import docker
from .network import Network
from .topology import ROUTER, Spec

# eth+ are the legs; what a nested engine has inside stays connected
CUT = (
    ("PREROUTING", "-i", "eth+", "-j", "DROP"),
    ("POSTROUTING", "-o", "eth+", "-j", "DROP"),
)
FILL = """
set -eu
used=$(du -s -B1 "$1" | cut -f1)
stage=$(mktemp -d /root/.fill.XXXXXX)
mount -t tmpfs -o "size=$((used + $2 + 67108864)),mode=$(stat -c %a "$1")" lab-small-disk "$stage"
cp -a "$1/." "$stage/"
mount --bind "$stage" "$1"
umount "$stage"
rmdir "$stage"
free=$(df --output=avail -B1 "$1" | tail -n 1)
[ "$free" -le "$2" ] || fallocate -l "$((free - $2))" "$1/.filler"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server by its name in the fleet, seen through the engine, never through ssh."""

    spec: Spec
    lab: str
    networks: Mapping[str, Network]
    credentials: Credentials
    authority: Authority

    @property
    def name(self) -> str:
        """The fleet's name of it."""
        return self.spec.name

    @property
    def user(self) -> str:
        """Who logs in."""
        return self.spec.user

    @property
    def jump(self) -> str | None:
        """The server to go through, or None."""
        return self.spec.jump

    @property
    def address(self) -> str:
        """Where to connect: behind NAT, the router's address."""
        if self.spec.forwards:
            return self.networks["outer"].address(ROUTER)
        network, last = self.spec.legs[0]
        return self.networks[network].address(last)

    @property
    def port(self) -> int:
        """Where sshd answers, seen from where one connects."""
        return self.outside(22)

    @property
    def container(self) -> Container:
        """What it is made of."""
        return Container(name=f"dcov-lab-{self.lab}-{self.name}")

    def outside(self, port: int) -> int:
        """The port under which the others see this port of the server."""
        return {inner: outer for outer, inner in self.spec.forwards}.get(port, port)

    def exec(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,  # noqa: A002 - subprocess calls it so
        check: bool = True,
    ) -> Finished:
        """Run as root on the server, past ssh and the network."""
        return self.container.exec(*argv, input=input, check=check)

    def ensure(self) -> None:
        """Have it booted; one that runs an older image, or was never started, is made anew."""
        found = self.container.inspect()
        if not found or found["Config"]["Image"] != image.tag(self.spec.image):
            self.reset()
            return
        match found["State"]["Status"]:
            case "running":
                self._await_boot()
            case "paused":
                self.unpause()
            case "exited":
                self.container.start()
                self._await_boot()
            case _:
                self.reset()

    def reset(self) -> None:
        """Make it blank: same name, address, key and passwords; a new host key, trusted at once."""
        started = time.monotonic()
        blank.remove(self.container)
        blank.create(
            self.spec,
            lab=self.lab,
            container=self.container,
            networks=self.networks,
            credentials=self.credentials,
            authority=self.authority,
        )
        self.container.start()
        self._await_boot()
        failed = self.exec(("systemctl", "--failed", "--plain", "--no-legend")).stdout.strip()
        if failed:
            raise LabError(f"{self.name} is blank, and a unit failed: {failed}")
        log.info("%s is up, blank, after %.0f s", self.name, time.monotonic() - started)

    def host_key(self) -> str:
        """Its public host key, read past the network."""
        return self.exec(("cat", "/etc/ssh/ssh_host_ed25519_key.pub")).stdout.strip()

    def reboot(self) -> None:
        """Shut down in order and boot again; /run and /tmp are empty afterwards."""
        docker("restart", "--time", "30", self.container.name)
        self._await_boot()

    def stop_sshd(self) -> None:
        """Refuse new connections; sessions that are open stay, as on any Debian."""
        self.exec(("systemctl", "stop", "ssh.service"))

    def start_sshd(self) -> None:
        """Accept connections again."""
        self.exec(("systemctl", "start", "ssh.service"))

    def pause(self) -> None:
        """Freeze every process: the kernel still accepts connections, and nobody answers."""
        docker("pause", self.container.name)

    def unpause(self) -> None:
        """Go on where it was frozen."""
        docker("unpause", self.container.name)

    def cut(self) -> None:
        """Drop every packet to and from it, of open connections too, as a dead link does."""
        for rule in CUT:
            if self._mangle("-C", *rule, check=False).returncode:
                self._mangle("-I", *rule)

    def restore(self) -> None:
        """Let packets through again; a connection that outlived the cut goes on."""
        for rule in CUT:
            self._mangle("-D", *rule, check=False)

    def fill_disk(self, path: str, *, leave_bytes: int = 0) -> None:
        """Put a small file system over this folder, with what is in it, and leave so much free.

        A process that has files open there goes on writing to the old ones. `.filler` has the rest.
        """
        self.exec(("sh", "-c", FILL, "fill", path, str(leave_bytes)))

    def free_disk(self, path: str) -> None:
        """Take the small file system away, with what was written to it."""
        self.exec(("umount", path))

    def systemd_state(self) -> str:
        """What systemd says, or the container's state where systemd cannot be asked."""
        state = self.container.state()
        if state != "running":
            return state
        asked = self.exec(("systemctl", "is-system-running"), check=False)
        return asked.stdout.strip() or "starting"

    def _mangle(self, *argv: str, check: bool = True) -> Finished:
        return self.container.in_network("iptables", "-w", "-t", "mangle", *argv, check=check)

    def _await_boot(self) -> None:
        """Wait until every unit has started or failed, and trust the host key."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            asked = self.exec(("systemctl", "is-system-running", "--wait"), check=False)
            if asked.stdout.strip() in {"running", "degraded"}:
                self.credentials.trust({self.name: self.host_key()})
                return
            time.sleep(0.2)  # systemd's socket is not there yet
        raise LabError(f"{self.name} has not booted; see docker logs {self.container.name}")
