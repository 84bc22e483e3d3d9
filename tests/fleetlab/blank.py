"""How a blank server is made: its container, and what it does at its first boot."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from . import image, registry
from .authority import Authority
from .container import Container
from .credentials import Credentials, write
from .engine import docker
from .network import Network
from .topology import HOSTS, Spec

# As tried: systemd runs so without --privileged and without the host's cgroups. Without SYS_PTRACE
# root cannot read another user's /proc/PID/exe.
SYSTEMD = (
    *("--stop-signal", "SIGRTMIN+3", "--cgroupns=private", "--tty"),
    *("--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
)
WORKER = ("--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE")
NESTED_ENGINE = (
    *("--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE"),
    *("--sysctl", "net.ipv4.ip_forward=1"),
)


def create(
    spec: Spec,
    *,
    lab: str,
    container: Container,
    networks: Mapping[str, Network],
    credentials: Credentials,
    authority: Authority,
) -> None:
    """Make the container, with its fixed addresses and its first boot laid out; start nothing."""
    label = ("--label", f"dcov-lab={lab}")
    (network, last), *more = spec.legs
    argv = ["create", "--name", container.name, "--hostname", spec.name, *label, *SYSTEMD]
    argv += ["--network", networks[network].name, "--ip", networks[network].address(last)]
    if spec.nested_engine:
        volume = _volume(container)
        docker("volume", "create", *label, volume)
        argv += [*NESTED_ENGINE, "--volume", f"{volume}:/var/lib/docker"]
    else:
        argv += WORKER
    if spec.is_master:
        for name, end in HOSTS.items():
            argv += ["--add-host", f"{name}:{networks['outer'].address(end)}"]
    docker(*argv, image.tag(spec.image))
    for name, end in more:
        leg = networks[name]
        docker("network", "connect", "--ip", leg.address(end), leg.name, container.name)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "first-boot.sh"
        write(script, _first_boot(spec, credentials=credentials, authority=authority), mode=0o600)
        docker("cp", str(script), f"{container.name}:/root/first-boot.sh")


def remove(container: Container) -> None:
    """Remove it with all that was on it."""
    container.remove()
    docker("volume", "rm", "--force", _volume(container), check=False)


def _volume(container: Container) -> str:
    # overlayfs does not stack on overlayfs: a nested engine needs a real file system
    return f"{container.name}-docker"


def _first_boot(spec: Spec, *, credentials: Credentials, authority: Authority) -> str:
    """What the image's first-boot unit runs before sshd starts, and then removes."""
    user = spec.user
    folder = "/root/.ssh" if user == "root" else f"/home/{user}/.ssh"
    owned = f"-o {user} -g {user}"
    lines = ["set -eu"]
    if user != "root":
        # Debian's %sudo asks for the password
        lines.append(f"useradd --create-home --shell /bin/bash --groups sudo {user}")
    lines += [
        "chpasswd << 'END'",
        *(f"{who}:{password}" for who, password in credentials.passwords[spec.name].items()),
        "END",
        f"install -d -m 700 {owned} {folder}",
        f"install -m 600 {owned} /dev/stdin {folder}/authorized_keys << 'END'",
        credentials.public_key,
        "END",
        "cat > /etc/ssh/sshd_config.d/20-server.conf << 'END'",
        f"{spec.sshd}END",
    ]
    if spec.is_master:
        trusted = f"/etc/docker/certs.d/{registry.HOST}:{registry.PORT}"
        lines += [
            f"install -d {trusted}",
            f"cat > {trusted}/ca.crt << 'END'",
            f"{authority.certificate.read_text()}END",
        ]
    return "\n".join(lines) + "\n"
