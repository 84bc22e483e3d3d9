"""One authenticated SSH connection."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import paramiko

from dcov.errors import (
    AuthRefusedError,
    ConfigError,
    HostKeyChangedError,
    HostKeyRevokedError,
    HostKeyUnknownError,
    LegacyAlgorithmsError,
    LinkLostError,
    LoginTimeoutError,
)
from dcov.inventory.entry import Entry
from dcov.ssh.agent import Agent
from dcov.ssh.keyring import Keyring
from dcov.ssh.known_hosts import Checked, KnownHosts, Verdict
from dcov.ssh.newcomers import Newcomers
from dcov.ssh.tcp import DroppedError, Greeted
from dcov.ssh.way import Way

# The cheapest safe choice first: a group16 exchange costs 96 CPU ms, curve25519 3.
KEX = ("curve25519-sha256@libssh.org", "mlkem768x25519-sha256", "ecdh-sha2-nistp256")
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")
WEAK = ("cbc", "hmac-sha1", "hmac-md5")
LOG = "dcov.paramiko"
KEY_EXCHANGE = "the key exchange"

# paramiko's thread logs a traceback for each link that breaks, and a program that has configured
# no logging would print it. What matters of it is in our errors; a program that listens gets all.
logging.getLogger(LOG).addHandler(logging.NullHandler())


class TunedTransport(paramiko.Transport):
    """paramiko's transport, woken by data and not ten times a second.

    300 idle connections cost 7.9 % of a core at the default of 0.1 s, and 0.4 % at 5 s.
    """

    _active_check_timeout = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a run believes of host keys; a new name is taken on trust by `newcomers`, if given."""

    known: KnownHosts
    newcomers: Newcomers | None = None

    def judge(self, name: str, *, key: paramiko.PKey) -> Checked:
        """Say what is to be thought of a server's key, after taking a newcomer's."""
        checked = self.known.check(name, key=key)
        if checked.verdict is not Verdict.UNKNOWN or self.newcomers is None:
            return checked
        return self.newcomers.judge(name, key=key)


def handshake(line: Greeted, *, entry: Entry, trust: Trust, within: float) -> paramiko.Transport:
    """Agree on keys with the server and check its host key."""
    types = trust.known.key_types(entry.name)
    transport = exchange_keys(line, entry=entry, types=types, within=within)
    try:
        _check_host_key(transport, entry=entry, trust=trust)
    except BaseException:
        transport.close()
        line.close()
        raise
    return transport


def exchange_keys(
    line: Greeted, *, entry: Entry, types: Iterable[str], within: float
) -> paramiko.Transport:
    """Agree on keys; whether the host key is the server's has not been asked yet."""
    transport = TunedTransport(line)  # type: ignore[arg-type]
    transport.daemon = True
    transport.set_log_channel(LOG)
    # Longer than we wait ourselves, or which of the three clocks ends first would be chance.
    transport.handshake_timeout = transport.banner_timeout = 2 * within
    _prefer(transport, types=types)
    try:
        transport.start_client(timeout=within)
        if not transport.is_active():
            raise DroppedError("closed during the key exchange")  # noqa: TRY301
        if not transport.initial_kex_done:  # start_client() ends without a word when time is up
            raise LoginTimeoutError(  # noqa: TRY301
                server=entry.name, address=entry.login.place, during=KEY_EXCHANGE, seconds=within
            )
    except BaseException as error:
        transport.close()
        line.close()
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            raise LegacyAlgorithmsError(
                server=entry.name, address=entry.login.place, detail=str(error)
            ) from error
        if isinstance(error, (paramiko.SSHException, EOFError, OSError)):
            raise DroppedError(str(error)) from error
        raise
    return transport


def _prefer(transport: paramiko.Transport, *, types: Iterable[str]) -> None:
    options = transport.get_security_options()
    options.kex = _front(KEX, options.kex)
    options.ciphers = [name for name in _front(CIPHERS, options.ciphers) if not _weak(name)]
    options.digests = [name for name in options.digests if not _weak(name)]
    # All types that are known for this name, not just the first: the server may lack one.
    offered = [
        name
        for kind in types
        for name in (("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,))
    ]
    # Certificate types are not in paramiko's list, and yet it negotiates them.
    options.key_types = list(dict.fromkeys([*offered, *options.key_types]))


def _front(first: Iterable[str], known: Iterable[str]) -> list[str]:
    rest = list(known)
    head = [name for name in first if name in rest]
    return head + [name for name in rest if name not in head]


def _weak(name: str) -> bool:
    return any(part in name for part in WEAK)


def _check_host_key(transport: paramiko.Transport, *, entry: Entry, trust: Trust) -> None:
    key = transport.get_remote_server_key()
    checked = trust.judge(entry.name, key=key)
    shown: dict[str, Any] = {
        "server": entry.name,
        "address": entry.login.place,
        "kind": key.get_name(),
        "fingerprint": key.fingerprint,
    }
    if checked.verdict is Verdict.KNOWN:
        return
    if checked.verdict is Verdict.REVOKED:
        raise HostKeyRevokedError(**shown, file=", ".join(checked.places))
    if checked.verdict is Verdict.CHANGED:
        raise HostKeyChangedError(**shown, known=", ".join(checked.known))
    raise HostKeyUnknownError(**shown)


class Authentication:
    """Tries what the entry configures, in order, and keeps the trail for the error."""

    def __init__(self, transport: paramiko.Transport, *, way: Way, keyring: Keyring) -> None:
        self._transport = transport
        self._entry = way.entry
        self._way = way
        self._keyring = keyring
        self._offered: list[str] = []

    def run(self, *, within: float) -> None:
        """Log in, or raise AuthRefusedError naming all that was offered, or LoginTimeoutError."""
        login = self._entry.login
        self._transport.auth_timeout = within
        until = time.monotonic() + within
        try:
            for source in (self._configured_key, self._identities, self._agent, self._password):
                if source():
                    return
                if time.monotonic() > until:
                    raise LoginTimeoutError(
                        server=self._entry.name,
                        address=login.place,
                        during=f"the login by {self._offered[-1]}",
                        seconds=within,
                    )
        except (EOFError, OSError, paramiko.SSHException) as error:
            if self._transport.is_active():
                raise LinkLostError(
                    server=self._entry.name, address=login.place, during=f"login: {error}"
                ) from error
            # Dropped before it refused anything, it throttles; after that, MaxAuthTries is used up.
            if len(self._offered) < 2:  # noqa: PLR2004  # the one that was under way
                raise DroppedError(f"closed during authentication: {error}") from error
            self._offered[-1] += " (it hung up there)"
        raise AuthRefusedError(
            server=self._entry.name,
            address=login.place,
            user=login.user,
            offered=", ".join(self._offered) or "nothing: no key, agent or password is configured",
        )

    def _configured_key(self) -> bool:
        path = self._entry.login.key_path
        return path is not None and self._try(self._keyring.key(path), shown=f"key {path}")

    def _identities(self) -> bool:
        for path in self._way.identities:
            try:
                key = self._keyring.key(path)
            except ConfigError as error:
                self._offered.append(f"{path} (passed over: {error.problems[0].message})")
                continue
            if self._try(key, shown=f"key {path}"):
                return True
        return False

    def _agent(self) -> bool:
        login = self._entry.login
        wanted = login.agent if login.agent is not None else login.key_path is None
        if not wanted:
            return False
        agent = Agent(self._way.agent_socket)
        if agent.fault:
            self._offered.append(f"agent {self._way.agent_socket or ''} ({agent.fault})")
        try:
            return any(
                self._try(key, shown=f"agent key {key.fingerprint}") for key in agent.get_keys()
            )
        finally:
            agent.close()

    def _password(self) -> bool:
        login = self._entry.login
        if login.password is None:
            return False
        self._offered.append("password")
        try:
            self._transport.auth_password(login.user, login.password.reveal())
        except paramiko.AuthenticationException:
            if not self._transport.is_active():  # no answer to it: the connection is gone
                raise
            return False
        return self._transport.is_authenticated()

    def _try(self, key: paramiko.PKey, *, shown: str) -> bool:
        self._offered.append(shown)
        try:
            self._transport.auth_publickey(self._entry.login.user, key)
        except paramiko.AuthenticationException:
            if not self._transport.is_active():  # no answer to it: the connection is gone
                raise
            return False
        return self._transport.is_authenticated()
