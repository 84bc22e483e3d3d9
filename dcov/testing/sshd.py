"""A private OpenSSH server on loopback: the real program, with keys and a port of its own."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from types import MappingProxyType
from typing import Self

import paramiko

from dcov.inventory.entry import Entry, Login

# Ends sshd when our end of its standard input closes, which the kernel does even if we are
# killed; the folder goes too, unless a line was sent before. (PR_SET_PDEATHSIG fires when the
# *thread* that started the process ends, so a fixture run in a worker thread would lose its
# server.) sshd keeps the pid that Popen knows.
WATCHDOG = """
exec 3<&0 </dev/null
(read -r _; killed=$?; kill "$$"; [ "$killed" -eq 0 ] || rm -rf -- "$0") <&3 &
exec "$@" 3<&-
"""

DEFAULTS = MappingProxyType(
    {
        "ListenAddress": "0.0.0.0",  # noqa: S104 - so that each address of 127.0.0.0/8 is a server
        "PidFile": "none",
        "UsePAM": "no",
        "UseDNS": "no",
        "StrictModes": "no",  # the keys lie under a folder that others may write: /tmp
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "MaxStartups": "10000",
        "PrintMotd": "no",
        "PrintLastLog": "no",
        "Subsystem": "sftp internal-sftp",
    }
)
NO_OPTIONS: Mapping[str, str] = MappingProxyType({})
PENALTIES_SINCE = (9, 8)  # the release whose sshd locks out addresses that fail to log in
START_WITHIN = 10.0
PORT_TRIES = 10


class LoopbackSshd:
    """A fleet's worth of SSH servers in one real sshd, for the time of a `with` block.

    It listens on all of 127.0.0.0/8, so that `address(1)`, `address(2)`, ... are servers that
    answer alike (on Linux; macOS has only 127.0.0.1). It lets in the user who runs the tests, by
    the key at `key_path`, and ends with the process that started it, however that one ends.

    `options` are lines of sshd_config; they win over the defaults: {"MaxStartups": "2:100:2"}.
    """

    def __init__(
        self,
        *,
        options: Mapping[str, str] = NO_OPTIONS,
        host_key_types: Iterable[str] = ("ed25519", "rsa"),
    ) -> None:
        self.options = {**options}
        self.host_key_types = tuple(host_key_types)
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="dcov-sshd-"))
        self.key_path = self.folder / "id_ed25519"
        try:
            self._make_keys()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and every session on it; a second call does nothing."""
        if self._process is not None:
            sessions = self._sessions()
            self._stop(self._process)
            _kill(sessions)
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, n: int = 1) -> str:
        """Return the n-th server's address, from 127.0.0.1 on."""
        return str(IPv4Address("127.0.0.0") + n)

    def login(self, n: int = 1, *, jump: str | None = None) -> Login:
        """Say how to log in to the n-th server."""
        return Login(
            address=self.address(n),
            port=self.port,
            user=self.user,
            key_path=self.key_path,
            agent=False,
            jump=jump,
        )

    def entry(self, name: str, n: int = 1, *, jump: str | None = None) -> Entry:
        """Declare the n-th server under this name."""
        return Entry(name=name, login=self.login(n, jump=jump), scrape_address=self.address(n))

    @property
    def host_keys(self) -> tuple[paramiko.PKey, ...]:
        """The host keys that the server shows, in the order of `host_key_types`."""
        return tuple(paramiko.PKey.from_path(self._host_key(kind)) for kind in self.host_key_types)

    @property
    def host_key(self) -> paramiko.PKey:
        """The first of them."""
        return self.host_keys[0]

    @property
    def log(self) -> str:
        """What the server wrote to its log so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def known_hosts(self, names: Iterable[str]) -> Path:
        """Write a file that knows every host key under each of these names, and return its path."""
        keys = [f"{key.get_name()} {key.get_base64()}" for key in self.host_keys]
        handle, path = tempfile.mkstemp(prefix="known_hosts-", dir=self.folder)
        with os.fdopen(handle, "w") as file:
            file.writelines(f"{name} {key}\n" for name in names for key in keys)
        return Path(path)

    def drop_connections(self) -> None:
        """Cut every connection, as a crash of the server would; new ones are accepted."""
        _kill(self._sessions())

    @property
    def _log(self) -> Path:
        return self.folder / "sshd.log"

    def _host_key(self, kind: str) -> Path:
        return self.folder / f"host_{kind}"

    def _make_keys(self) -> None:
        wanted = {self.key_path: "ed25519", **{self._host_key(k): k for k in self.host_key_types}}
        makers = [
            subprocess.Popen(("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", path))
            for path, kind in wanted.items()
        ]
        exit_codes = [maker.wait() for maker in makers]
        if any(exit_codes):
            raise OSError(f"ssh-keygen made no keys in {self.folder}")
        shutil.copy(self.key_path.with_suffix(".pub"), self.folder / "authorized_keys")

    def _start(self) -> None:
        if os.geteuid() == 0:  # sshd's own privilege separation; distributions make it at boot
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        program = _program()
        for _ in range(PORT_TRIES):
            self.port = _free_port()
            config = self._write_config(_version(program))
            # sshd starts itself anew for each connection, hence its absolute path.
            self._process = subprocess.Popen(
                ("sh", "-c", WATCHDOG, self.folder, program, "-D", "-f", config, "-E", self._log),
                stdin=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C at the terminal is for the tests alone
            )
            if self._listens(self._process):
                return
            self._stop(self._process)
            self._process = None
            if "Address already in use" not in self.log:
                break
        raise OSError(f"sshd did not start: {self.log.strip()}")

    def _write_config(self, version: tuple[int, int]) -> Path:
        settings = {**self.options}  # sshd takes the first value of a keyword
        settings.update((word, value) for word, value in DEFAULTS.items() if word not in settings)
        if version >= PENALTIES_SINCE:
            settings.setdefault("PerSourcePenalties", "no")
        # bash reads ~/.bashrc for every command that sshd starts; what a developer has in his
        # took 0.25 s each. The home of the sessions is the server's own folder.
        settings.setdefault("SetEnv", f"HOME={self.folder}")
        lines = [f"{word} {value}" for word, value in settings.items()]
        lines += [f"Port {self.port}", f"AuthorizedKeysFile {self.folder / 'authorized_keys'}"]
        lines += [f"HostKey {self._host_key(kind)}" for kind in self.host_key_types]
        path = self.folder / "sshd_config"
        path.write_text("\n".join(lines) + "\n")
        return path

    def _listens(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for its own word: a connection could be answered by another user of the port."""
        deadline = time.monotonic() + START_WITHIN
        while time.monotonic() < deadline and process.poll() is None:
            if f"port {self.port}." in self.log:
                return True
            time.sleep(0.005)
        return False

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.communicate(b"stop\n")  # the watchdog does the rest

    def _sessions(self) -> list[int]:
        return [] if self._process is None else _sshd_below(self._process.pid)


def _program() -> str:
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    if program := shutil.which("sshd", path=places):
        return program
    raise FileNotFoundError("no sshd on this machine; Debian's package is openssh-server")


def _version(program: str) -> tuple[int, int]:
    said = subprocess.run((program, "-V"), check=False, capture_output=True, text=True).stderr
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def _sshd_below(pid: int) -> list[int]:
    """List sshd's processes for its connections; each has a session of its own, so no group."""
    found: list[int] = []
    with suppress(OSError):  # ended meanwhile, or no /proc
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if Path(f"/proc/{child}/comm").read_text().startswith("sshd"):
                found += [int(child), *_sshd_below(int(child))]
    return found


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
