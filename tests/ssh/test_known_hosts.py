"""Our verdicts on host keys beside those of ssh itself, on the same server and the same file."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from dcov.ssh.known_hosts import KnownHosts, Line, Verdict
from dcov.testing.sshd import LoopbackSshd

NAME = "gpu-01"
TELLTALES = {
    "host key is known for": Verdict.UNKNOWN,
    "IDENTIFICATION HAS CHANGED": Verdict.CHANGED,
    "REVOKED HOST KEY": Verdict.REVOKED,
}
# {ed} and {rsa} are the server's keys, {other_ed} and {other_rsa} those of a stranger.
PLAIN = {
    "no line at all": "",
    "a plain name": "gpu-01 {ed}",
    "the other key type": "gpu-01 {rsa}",
    "a wrong type first, then one that the server has": "gpu-01 {ecdsa}\ngpu-01 {rsa}",
    "only a type that the server has not": "gpu-01 {ecdsa}",
    "another name": "gpu-02 {ed}",
    "a list of names": "gpu-00,gpu-01,10.0.0.1 {ed}",
    "letters in another case": "GPU-01 {ed}",
    "a comment after the key": "gpu-01 {ed} since 2024",
    "blanks before and between": "  \t gpu-01 \t {ed}",
    "a comment line, an empty line": "# gpu-01 {other_ed}\n\n  # more\ngpu-01 {ed}",
    "a star": "gpu-* {ed}",
    "a question mark": "gpu-0? {ed}",
    "a question mark for two letters": "gpu-? {ed}",
    "brackets are no pattern": "gpu-0[12] {ed}",
    "a negation": "gpu-*,!gpu-01 {ed}",
    "a negation first": "!gpu-01,gpu-* {ed}",
    "a negation of another name": "gpu-*,!gpu-02 {ed}",
    "a negation alone": "!gpu-02 {ed}",
    "a negation and a line that knows": "*,!gpu-01 {ed}\ngpu-01 {ed}",
    "an address with a port": "[gpu-01]:22 {ed}",
    "a changed key": "gpu-01 {other_ed}",
    "a changed key and the right one": "gpu-01 {other_ed}\ngpu-01 {ed}",
    "one type changed, the other right": "gpu-01 {other_ed}\ngpu-01 {rsa}",
    "a changed key of a pattern": "* {other_ed}",
    "a revoked key": "@revoked gpu-01 {ed}",
    "a key revoked for all": "@revoked * {ed}",
    "a key revoked for another server": "@revoked gpu-02 {ed}\ngpu-01 {ed}",
    "known, then revoked": "gpu-01 {ed}\n@revoked * {ed}",
    "another key revoked": "gpu-01 {ed}\n@revoked * {other_ed}",
    "one key revoked, the other known": "gpu-01 {rsa}\n@revoked * {ed}",
    "an authority, and no certificate": "@cert-authority * {other_ed}",
    "an authority beside a plain key": "@cert-authority * {other_ed}\ngpu-01 {ed}",
    "its own key as authority": "@cert-authority * {ed}",
    "a marker that nobody knows": "@trusted gpu-01 {ed}",
    "a broken line first": "gpu-01 ssh-ed25519 AAAA-no-key\ngpu-01 {ed}",
    "a line cut short": "gpu-01 ssh-ed25519\ngpu-01 {ed}",
    "a type that belies the key": "gpu-01 ssh-rsa {ed_alone}",
    "no newline for carriage returns": "gpu-01 {ed}\r\n",
}


@dataclass(frozen=True)
class Maker:
    """Makes keys and certificates with ssh-keygen."""

    folder: Path

    def key(self, name: str, kind: str = "ed25519") -> Path:
        path = self.folder / name
        self.run("-q", "-t", kind, "-N", "", "-C", "", "-f", str(path))
        return path

    def sign(self, key: Path, *, by: Path, options: tuple[str, ...] = ("-h",)) -> Path:
        self.run("-q", "-s", str(by), "-I", "test", *options, f"{key}.pub")
        return Path(f"{key}-cert.pub")

    def run(self, *words: str) -> None:
        subprocess.run(("ssh-keygen", *words), check=True, capture_output=True)


@pytest.fixture(scope="module")
def maker(tmp_path_factory) -> Maker:
    return Maker(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def keys(loopback_sshd: LoopbackSshd, maker: Maker) -> dict[str, str]:
    ed, rsa = (f"{key.get_name()} {key.get_base64()}" for key in loopback_sshd.host_keys)
    strangers = {
        "other_ed": maker.key("other_ed"),
        "other_rsa": maker.key("other_rsa", "rsa"),
        "ecdsa": maker.key("ecdsa", "ecdsa"),
    }
    return {"ed": ed, "rsa": rsa, "ed_alone": ed.split()[1]} | {
        name: public(path) for name, path in strangers.items()
    }


def public(path: Path) -> str:
    return Path(f"{path}.pub").read_text().strip()


def judged_by_ssh(sshd: LoopbackSshd, file: Path) -> Verdict:
    options = {
        "Port": sshd.port,
        "User": sshd.user,
        "IdentityFile": sshd.key_path,
        "HostKeyAlias": NAME,
        "UserKnownHostsFile": file,
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
    }
    words = [word for option, value in options.items() for word in ("-o", f"{option}={value}")]
    done = subprocess.run(
        ("ssh", "-F", "none", *words, sshd.address(), "true"),
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return Verdict.KNOWN
    return next(verdict for words, verdict in TELLTALES.items() if words in done.stderr)


def shown_to_us(sshd: LoopbackSshd, known: KnownHosts) -> paramiko.PKey:
    """Take the key that the server shows when it is asked in the order of what is known."""
    with socket.create_connection((sshd.address(), sshd.port)) as link:
        transport = paramiko.Transport(link)
        try:
            options = transport.get_security_options()
            first = [
                name
                for kind in known.key_types(NAME)
                for name in (("rsa-sha2-512",) if kind == "ssh-rsa" else (kind,))
            ]
            options.key_types = list(dict.fromkeys([*first, *options.key_types]))
            transport.start_client(timeout=5)
            return transport.get_remote_server_key()
        finally:
            transport.close()


def judged_by_us(sshd: LoopbackSshd, file: Path) -> Verdict:
    known = KnownHosts.load(file)
    return known.check(NAME, key=shown_to_us(sshd, known)).verdict


@pytest.mark.parametrize("lines", PLAIN.values(), ids=PLAIN.keys())
def test_ssh_and_we_agree_on_a_key(loopback_sshd, keys, tmp_path, lines: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(lines.format(**keys) + "\n")
    assert judged_by_us(loopback_sshd, file) is judged_by_ssh(loopback_sshd, file)


@pytest.mark.parametrize("lines", PLAIN.values(), ids=PLAIN.keys())
def test_ssh_and_we_agree_on_hashed_names(loopback_sshd, keys, tmp_path, lines: str) -> None:
    """What ssh-keygen -H makes of the same lines; patterns and markers stay as they are."""
    file = tmp_path / "known_hosts"
    file.write_text(lines.format(**keys) + "\n")
    # A file with a line that it cannot read it leaves alone, and fails.
    subprocess.run(("ssh-keygen", "-q", "-H", "-f", file), check=False, capture_output=True)
    assert judged_by_us(loopback_sshd, file) is judged_by_ssh(loopback_sshd, file)


def test_ssh_and_we_agree_on_a_key_revoked_for_a_hashed_name(loopback_sshd, keys, tmp_path) -> None:
    """A plain line that knows the key does not settle the matter before all revoked ones."""
    file = tmp_path / "known_hosts"
    file.write_text("gpu-01 {ed}\n".format(**keys))
    subprocess.run(("ssh-keygen", "-q", "-H", "-f", file), check=True, capture_output=True)
    file.write_text("gpu-01 {ed}\n@revoked ".format(**keys) + file.read_text())
    assert judged_by_ssh(loopback_sshd, file) is Verdict.REVOKED
    assert judged_by_us(loopback_sshd, file) is Verdict.REVOKED


def test_what_ssh_keyscan_prints_is_known(loopback_sshd, tmp_path) -> None:
    scanned = subprocess.run(
        ("ssh-keyscan", "-p", str(loopback_sshd.port), loopback_sshd.address()),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    file = tmp_path / "known_hosts"
    file.write_text(scanned)
    known = KnownHosts.load(file)
    name = f"[{loopback_sshd.address()}]:{loopback_sshd.port}"
    assert sorted(known.key_types(name)) == ["ssh-ed25519", "ssh-rsa"]
    for key in loopback_sshd.host_keys:
        assert known.check(name, key=key).verdict is Verdict.KNOWN


def test_fingerprints_are_those_of_ssh_keygen(loopback_sshd) -> None:
    file = loopback_sshd.known_hosts([NAME])
    listed = subprocess.run(
        ("ssh-keygen", "-l", "-f", file), check=True, capture_output=True, text=True
    ).stdout
    lines = [Line.parse(text) for text in file.read_text().splitlines()]
    assert [line.fingerprint for line in lines] == [row.split()[1] for row in listed.splitlines()]


HOST_CERTIFICATES = {
    "for this name": ("-h", "-n", NAME),
    "for a list of names": ("-h", "-n", f"gpu-00,{NAME}"),
    "for a pattern": ("-h", "-n", "gpu-*"),
    "for any name": ("-h",),
    "for another name": ("-h", "-n", "gpu-02"),
    "for a name in capitals": ("-h", "-n", "GPU-01"),
    "expired": ("-h", "-n", NAME, "-V", "20200101:20200201"),
    "not valid yet": ("-h", "-n", NAME, "-V", "20900101:20910101"),
    "with a critical option": ("-h", "-n", NAME, "-O", "critical:magic"),
}
LINES = {
    "its authority": "@cert-authority * {authority}",
    "its authority for other names": "@cert-authority *.example.org {authority}",
    "another authority": "@cert-authority * {other}",
    "its authority and its plain key": "@cert-authority * {authority}\ngpu-01 {plain}",
    "its authority, revoked": "@cert-authority * {authority}\n@revoked * {authority}",
    "its plain key, revoked": "@cert-authority * {authority}\n@revoked * {plain}",
    "only its plain key": "gpu-01 {plain}",
    "its authority and another plain key": "@cert-authority * {authority}\ngpu-01 {other}",
}


# The types of the authority's key and of the host key that it signs.
TYPES = {"ed25519": ("ed25519", "rsa"), "ecdsa": ("ecdsa", "ed25519"), "rsa": ("rsa", "ecdsa")}
CERTIFIED = [("ed25519", wording) for wording in HOST_CERTIFICATES] + [
    ("ecdsa", "for this name"),
    ("rsa", "for this name"),
]


@pytest.fixture(scope="module", params=CERTIFIED, ids=" ".join)
def certified(request, tmp_path_factory) -> Iterator[tuple[LoopbackSshd, str]]:
    """A server with a certificate and no other host key, and its authority's public key."""
    types, wording = request.param
    maker = Maker(tmp_path_factory.mktemp("certified"))
    authority, key = map(maker.key, ("authority", "host"), TYPES[types])
    certificate = maker.sign(key, by=authority, options=HOST_CERTIFICATES[wording])
    options = {"HostKey": str(key), "HostCertificate": str(certificate)}
    with LoopbackSshd(options=options, host_key_types=()) as sshd:
        yield sshd, public(authority)


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES.keys())
def test_ssh_and_we_agree_on_a_certificate(certified, keys, tmp_path, lines: str) -> None:
    """They let in and refuse alike; what we call changed may be new to ssh, never known."""
    sshd, authority = certified
    plain = public(Path(sshd.options["HostKey"]))
    file = tmp_path / "known_hosts"
    file.write_text(lines.format(authority=authority, plain=plain, other=keys["other_ed"]) + "\n")
    ours, theirs = judged_by_us(sshd, file), judged_by_ssh(sshd, file)
    if ours is Verdict.CHANGED:
        assert theirs in {Verdict.CHANGED, Verdict.UNKNOWN}
    else:
        assert ours is theirs
