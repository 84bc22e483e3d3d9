"""What a server is: asked in one exec, before anything else."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.ssh.command import Shell
from dcov.ssh.scripts import remote

ARCHES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armv7"}
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU as the driver names it."""

    index: int
    name: str
    uuid: str
    driver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A server as it describes itself; memory and disk in KiB, `arch` in Go's words.

    `shared_gateway` is a master's address on the network `cryptolabs`, where it has that, and
    UNKNOWN where its container engine does not answer.
    """

    hostname: str = ""
    os: str = ""
    os_id: str = ""
    os_version: str = ""
    arch: str = ""
    machine: str = ""
    kernel: str = ""
    libc: str = ""
    cpus: int = 0
    memory_kib: int = 0
    disk_kib: int = 0
    disk_free_kib: int = 0
    systemd: str = ""
    boot_id: str = ""
    clock: int = 0
    gpus: tuple[Gpu, ...] = ()
    has_gpu: bool = False
    is_vast_host: bool = False
    shared_gateway: str = ""

    @property
    def has_systemd(self) -> bool:
        """Whether systemd runs as the first process."""
        return bool(self.systemd)

    @property
    def glibc(self) -> tuple[int, ...]:
        """The version of glibc as numbers, or nothing where the libc is another one."""
        name, _, version = self.libc.partition(" ")
        return tuple(int(part) for part in version.split(".")) if name == "glibc" else ()


def facts_script(*, master: bool = False) -> Shell:
    """Return the script that asks for all facts."""
    return Shell(remote("facts.sh", "facts-master.sh") if master else remote("facts.sh"))


def read_facts(output: str) -> Facts:
    """Read its output."""
    pairs = [line.partition("=")[::2] for line in output.splitlines() if "=" in line]
    one = {key: value.strip().strip('"') for key, value in pairs}
    gpus: list[Gpu] = []
    for key, value in pairs:
        words = [word.strip() for word in value.split(",")]
        if key == "gpu" and len(words) == 4 and words[0].isdigit():  # noqa: PLR2004  # the query's columns
            index, name, uuid, driver = words
            gpus.append(Gpu(index=int(index), name=name, uuid=uuid, driver=driver))
    return Facts(
        hostname=one.get("hostname", ""),
        os=one.get("os_PRETTY_NAME", ""),
        os_id=one.get("os_ID", ""),
        os_version=one.get("os_VERSION_ID", ""),
        arch=ARCHES.get(one.get("arch", ""), one.get("arch", "")),
        machine=one.get("arch", ""),
        kernel=one.get("kernel", ""),
        libc=one.get("libc", ""),
        systemd=one.get("systemd", ""),
        boot_id=one.get("boot_id", ""),
        **{
            key: int(one.get(key) or 0)
            for key in ("cpus", "memory_kib", "disk_kib", "disk_free_kib", "clock")
        },
        gpus=tuple(gpus),
        has_gpu=bool(gpus) or "gpu_device" in one,
        is_vast_host="vast" in one,
        shared_gateway=one.get("shared_gateway", ""),
    )
