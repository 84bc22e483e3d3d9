"""One server of the lab: made blank, looked into, and broken in the ways that servers break."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import image
from .command import Finished, LabError, log
from .container import Container
from .credentials import Credentials, write
from .engine import docker
from .network import Network
from .topology import ROUTER, Spec

# As tried: systemd runs so without --privileged and without the host's cgroups. Without SYS_PTRACE
# root cannot read another user's /proc/PID/exe.
SYSTEMD = (
    *("--stop-signal", "SIGRTMIN+3", "--cgroupns=private", "--tty"),
    *("--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
)
WORKER = ("--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE")
NESTED_ENGINE = (
    "--cap-add",
    "ALL",
    "--cap-drop",
    "SYS_RESOURCE",
    "--sysctl",
    "net.ipv4.ip_forward=1",
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
    """A server by its name in the fleet. Everything here goes through the engine, never through ssh."""

    spec: Spec
    lab: str
    networks: Mapping[str, Network]
    credentials: Credentials

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
        self, argv: Sequence[str], *, input: str | None = None, check: bool = True
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
        """Make it blank: same name, address, key and passwords, new host key, which is trusted at once."""
        started = time.monotonic()
        self.remove()
        self._create()
        self.container.start()
        self._await_boot()
        self.credentials.trust({self.name: self.host_key()})
        log.info("%s is up, blank, after %.0f s", self.name, time.monotonic() - started)

    def remove(self) -> None:
        """Remove it with all that is on it."""
        self.container.remove()
        docker("volume", "rm", "--force", self._volume, check=False)

    def host_key(self) -> str:
        """Its public host key, read past the network."""
        return self.exec(("cat", "/etc/ssh/ssh_host_ed25519_key.pub")).stdout.strip()

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
        """Drop every packet to and from it, open connections included, silently as a dead link does."""
        for rule in self._cut_rules():
            if self.container.in_network(
                "iptables", "-w", "-t", "mangle", "-C", *rule, check=False
            ).returncode:
                self.container.in_network("iptables", "-w", "-t", "mangle", "-I", *rule)

    def restore(self) -> None:
        """Let packets through again; a connection that outlived the cut goes on."""
        for rule in self._cut_rules():
            self.container.in_network("iptables", "-w", "-t", "mangle", "-D", *rule, check=False)

    def fill_disk(self, path: str, *, leave_bytes: int = 0) -> None:
        """Put a small real file system over this folder, with what is in it, and leave so much free.

        A process that has files open there goes on writing to the old ones. `.filler` holds the rest.
        """
        self.exec(("sh", "-c", FILL, "fill", path, str(leave_bytes)))

    def free_disk(self, path: str) -> None:
        """Take the small file system away, with what was written to it."""
        self.exec(("umount", path))

    def systemd_state(self) -> str:
        """`running`, `degraded`, `starting`..., or the container's state where systemd cannot be asked."""
        state = self.container.state()
        if state != "running":
            return state
        return (
            self.exec(("systemctl", "is-system-running"), check=False).stdout.strip() or "starting"
        )

    @property
    def _volume(self) -> str:
        return f"{self.container.name}-docker"

    def _cut_rules(self) -> tuple[tuple[str, ...], ...]:
        # eth+ are the legs; what a nested engine has inside stays connected
        return (
            ("PREROUTING", "-i", "eth+", "-j", "DROP"),
            ("POSTROUTING", "-o", "eth+", "-j", "DROP"),
        )

    def _create(self) -> None:
        label = f"dcov-lab={self.lab}"
        (network, last), *more = self.spec.legs
        argv = ["create", "--name", self.container.name, "--hostname", self.name, "--label", label]
        argv += ["--network", self.networks[network].name]
        argv += ["--ip", self.networks[network].address(last), *SYSTEMD]
        if self.spec.nested_engine:
            docker("volume", "create", "--label", label, self._volume)
            argv += [*NESTED_ENGINE, "--volume", f"{self._volume}:/var/lib/docker"]
        else:
            argv += WORKER
        docker(*argv, image.tag(self.spec.image))
        for name, end in more:
            leg = self.networks[name]
            docker("network", "connect", "--ip", leg.address(end), leg.name, self.container.name)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "first-boot.sh"
            write(script, self._first_boot(), mode=0o600)
            docker("cp", str(script), f"{self.container.name}:/root/first-boot.sh")

    def _first_boot(self) -> str:
        """What the image's first-boot unit runs before sshd starts, and then removes."""
        home = "/root" if self.user == "root" else f"/home/{self.user}"
        passwords = self.credentials.passwords[self.name]
        lines = ["set -eu"]
        if self.user != "root":
            # Debian's %sudo asks for the password
            lines.append(f"useradd --create-home --shell /bin/bash --groups sudo {self.user}")
        lines += [
            "chpasswd << 'END'",
            *(f"{user}:{password}" for user, password in passwords.items()),
            "END",
            f"install -d -m 700 -o {self.user} -g {self.user} {home}/.ssh",
            f"install -m 600 -o {self.user} -g {self.user} /dev/stdin {home}/.ssh/authorized_keys << 'END'",
            self.credentials.public_key,
            "END",
            f"cat > /etc/ssh/sshd_config.d/20-server.conf << 'END'\n{self.spec.sshd}END",
        ]
        return "\n".join(lines) + "\n"

    def _await_boot(self) -> None:
        """Wait until every unit of the boot has ended its start; a failed unit is an error."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            asked = self.exec(("systemctl", "is-system-running", "--wait"), check=False)
            if asked.stdout.strip() == "running":
                return
            if asked.stdout.strip() == "degraded":
                failed = self.exec(("systemctl", "--failed", "--plain", "--no-legend"), check=False)
                raise LabError(f"{self.name}: a unit failed: {failed.stdout.strip()}")
            time.sleep(0.2)  # systemd's socket is not there yet
        raise LabError(
            f"{self.name} has not booted after 90 s; see docker logs {self.container.name}"
        )
