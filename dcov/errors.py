"""Everything dcov raises on purpose.

    DcovError
    |-- ConfigError                  what the user declared cannot be used
    |   |-- UnknownNameError         no server, task or exporter of that name
    |   `-- ParameterError           a task was called with what it does not take
    |       `-- WorkflowParameterError
    |-- ConnectError                 the server could not be logged in to, or the link broke
    |   |-- UnresolvableError
    |   |-- RefusedError
    |   |-- ConnectTimeoutError
    |   |-- NoBannerError
    |   |-- LoginTimeoutError
    |   |-- ThrottledError
    |   |-- HostKeyUnknownError
    |   |-- HostKeyChangedError
    |   |-- HostKeyRevokedError
    |   |-- AuthRefusedError
    |   |-- LegacyAlgorithmsError
    |   |-- JumpHostError
    |   |-- ProxyCommandError
    |   `-- LinkLostError
    |-- CommandError                 a command did not do what it was sent for
    |   |-- CommandFailedError
    |   |-- CommandTimeoutError
    |   |-- SudoPasswordError
    |   |-- SudoTerminalError
    |   `-- SudoRefusedError
    |-- ConvergeError                a server could not be brought to the wanted state
    |   |-- ApplyError
    |   |-- ArchiveError
    |   |-- CertificateError         a certificate cannot be used
    |   |   |-- CertificateChainError
    |   |   |-- CertificateDateError
    |   |   |-- CertificateKeyError
    |   |   |-- CertificateNameError
    |   |   `-- CertificateUnreadableError
    |   |-- ChecksumError
    |   |-- ContainerFailedError
    |   |-- ContainerTakenError
    |   |-- ContentRefusedError
    |   |-- DiskFullError
    |   |-- DownloadError
    |   |-- EngineError
    |   |   `-- EngineRefusedError
    |   |-- ExpiredError
    |   |-- FamilyProxyError
    |   |-- ForeignNetworkError
    |   |-- ImageError
    |   |-- KeyRefusedError
    |   |-- LockedError
    |   |-- OtherExporterError
    |   |-- PathTakenError
    |   |-- PortBusyError
    |   |-- ReloadRefusedError
    |   |-- SiteMovedError
    |   |-- StalePlanError
    |   |-- StillThereError
    |   |-- UnfitServerError
    |   |-- UnitFailedError
    |   |-- NotReadOnlyError
    |   |-- DeadlineError
    |   `-- VerifyError
    |-- PrometheusError              a Prometheus did not answer, or refused the question
    |-- GrafanaError                 a Grafana did not do what it was asked for
    |   |-- GrafanaSilentError
    |   |-- GrafanaLoginError
    |   `-- GrafanaRefusedError
    `-- FleetError                   some servers failed; carries the Report
        `-- CancelledError

Each class carries a stable `code`, a one-line `cause` and a `hint`; its fields fill both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from dcov.report import Report

__all__ = [
    "ApplyError",
    "ArchiveError",
    "AuthRefusedError",
    "CancelledError",
    "CertificateChainError",
    "CertificateDateError",
    "CertificateError",
    "CertificateKeyError",
    "CertificateNameError",
    "CertificateUnreadableError",
    "ChecksumError",
    "CommandError",
    "CommandFailedError",
    "CommandTimeoutError",
    "ConfigError",
    "ConnectError",
    "ConnectTimeoutError",
    "ContainerFailedError",
    "ContainerTakenError",
    "ContentRefusedError",
    "ConvergeError",
    "DcovError",
    "DeadlineError",
    "DiskFullError",
    "DownloadError",
    "EngineError",
    "EngineRefusedError",
    "ExpiredError",
    "FamilyProxyError",
    "FleetError",
    "ForeignNetworkError",
    "GrafanaError",
    "GrafanaLoginError",
    "GrafanaRefusedError",
    "GrafanaSilentError",
    "HostKeyChangedError",
    "HostKeyRevokedError",
    "HostKeyUnknownError",
    "ImageError",
    "JumpHostError",
    "KeyRefusedError",
    "LegacyAlgorithmsError",
    "LinkLostError",
    "LockedError",
    "LoginTimeoutError",
    "NoBannerError",
    "NotReadOnlyError",
    "OtherExporterError",
    "ParameterError",
    "PathTakenError",
    "PortBusyError",
    "Problem",
    "PrometheusError",
    "ProxyCommandError",
    "RefusedError",
    "ReloadRefusedError",
    "SiteMovedError",
    "StalePlanError",
    "StillThereError",
    "SudoPasswordError",
    "SudoRefusedError",
    "SudoTerminalError",
    "ThrottledError",
    "UnfitServerError",
    "UnitFailedError",
    "UnknownNameError",
    "UnresolvableError",
    "VerifyError",
    "WorkflowParameterError",
]


@dataclass(kw_only=True, eq=False, repr=False)
class DcovError(Exception):
    """The root of all errors that dcov raises on purpose."""

    code: ClassVar[str] = "dcov"
    cause: ClassVar[str] = "dcov could not go on"
    hint: ClassVar[str] = ""
    ends_run: ClassVar[bool] = False  # whether no other server is to be touched either

    def _fields(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def why(self) -> str:
        """The cause, with this error's own names and numbers."""
        return self.cause.format(**self._fields())

    @property
    def remedy(self) -> str:
        """What the reader can do about it; empty where there is nothing to say."""
        return self.hint.format(**self._fields())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        remedy = self.remedy
        return f"{self.code}: {self.why}" + (f" ({remedy})" if remedy else "")

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._fields()), ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file: where it stands and what to write instead."""

    message: str
    file: Path | None = None
    line: int = 0  # 0: the whole file is meant
    column: int = 0
    key: str = ""

    def __str__(self) -> str:
        spot = f":{self.line}:{self.column}" if self.line else ""
        place = f"{self.file}{spot}: " if self.file else ""
        return f"{place}{self.key + ': ' if self.key else ''}{self.message}"


@dataclass(kw_only=True, eq=False, repr=False)
class ConfigError(DcovError):
    """What the user declared cannot be used; all problems of a file at once."""

    code = "config"
    cause = "the configuration cannot be used"
    hint = "`dcov config schema` prints every key; docs/configuration.md explains them"

    problems: tuple[Problem, ...] = ()

    @classmethod
    def about(
        cls,
        message: str,
        *,
        file: Path | None = None,
        line: int = 0,
        column: int = 0,
        key: str = "",
    ) -> ConfigError:
        """Make the error for one problem."""
        problem = Problem(message=message, file=file, line=line, column=column, key=key)
        return ConfigError(problems=(problem,))

    @property
    def why(self) -> str:
        """List every problem, one a line."""
        return "\n".join(str(problem) for problem in self.problems) or self.cause

    def __str__(self) -> str:
        return f"{self.code}: {self.why}"


@dataclass(kw_only=True, eq=False, repr=False)
class UnknownNameError(ConfigError):
    """No server, task or exporter has this name."""

    code = "unknown-name"
    hint = "{known}"

    kind: str
    name: str
    nearest: tuple[str, ...] = ()
    known: str  # where the names are found, or why none can be this one

    @property
    def why(self) -> str:
        """Name the nearest valid ones."""
        close = f"; did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        return f"no {self.kind} matches {self.name!r}{close}"


@dataclass(kw_only=True, eq=False, repr=False)
class ParameterError(ConfigError):
    """A task was called with a parameter that it does not take, or of another type."""

    code = "parameter"
    hint = "`dcov run {task} --help` lists the parameters"

    task: str
    message: str

    @property
    def why(self) -> str:
        """Say which parameter of which task."""
        return f"{self.task}: {self.message}"


@dataclass(kw_only=True, eq=False, repr=False)
class WorkflowParameterError(ParameterError):
    """A workflow was given a parameter: it has none of its own, its steps have theirs."""

    code = "workflow-parameter"
    hint = "say it in the step's `params`, or to the function that makes the workflow"


@dataclass(kw_only=True, eq=False, repr=False)
class ConnectError(DcovError):
    """The server could not be logged in to, or the link to it broke."""

    code = "connect"
    cause = "{server}: no connection to {address}"

    server: str
    address: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class UnresolvableError(ConnectError):
    """The name has no address."""

    code = "unresolvable"
    cause = "{server}: {address} does not resolve: {detail}"
    hint = "correct server_ip or ssh_host, or the resolver of this machine"

    detail: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class RefusedError(ConnectError):
    """Nothing listens on the SSH port, or no route leads there."""

    code = "connection-refused"
    cause = "{server}: {address} refused the connection: {detail}"
    hint = "start sshd there, or correct ssh_port"

    detail: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class ConnectTimeoutError(ConnectError):
    """The address did not answer in time."""

    code = "connect-timeout"
    cause = "{server}: {address} did not answer within {seconds:g} s"
    hint = "is the server on, and does a firewall drop the SSH port?"

    seconds: float


@dataclass(kw_only=True, eq=False, repr=False)
class NoBannerError(ConnectError):
    """Something accepted the connection and did not speak SSH."""

    code = "no-banner"
    cause = "{server}: {address} accepted the connection but sent no SSH banner: {detail}"
    hint = "another service may listen there, or sshd hangs; `nc {address}` shows it"

    detail: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class LoginTimeoutError(ConnectError):
    """The SSH server greeted, and then stopped answering."""

    code = "login-timeout"
    cause = "{server}: {address} sent its banner and did not end {during} within {seconds:g} s"
    hint = "it may be out of memory, or wait for a disk or a directory service; see its console"

    during: str
    seconds: float


@dataclass(kw_only=True, eq=False, repr=False)
class ThrottledError(ConnectError):
    """The server or its jump host dropped the login again and again before authentication."""

    code = "throttled"
    cause = "{server}: {address} dropped {attempts} logins before authentication"
    hint = "raise MaxStartups on {address}, or run with fewer --workers"

    attempts: int


@dataclass(kw_only=True, eq=False, repr=False)
class HostKeyUnknownError(ConnectError):
    """The server's host key is not in known_hosts."""

    code = "host-key-unknown"
    cause = "{server}: the {kind} host key {fingerprint} of {address} is not known"
    hint = "compare it on the server's console, then `dcov keys scan {server}` and `approve`"

    kind: str
    fingerprint: str


@dataclass(kw_only=True, eq=False, repr=False)
class HostKeyChangedError(ConnectError):
    """The server shows another host key than the one in known_hosts."""

    code = "host-key-changed"
    cause = "{server}: {address} shows {kind} key {fingerprint}; known_hosts says {known}"
    hint = "a reinstalled server or an attack: compare on its console, then `dcov keys approve`"

    kind: str
    fingerprint: str
    known: str


@dataclass(kw_only=True, eq=False, repr=False)
class HostKeyRevokedError(ConnectError):
    """The server shows a key that known_hosts marks as revoked."""

    code = "host-key-revoked"
    cause = "{server}: the {kind} key {fingerprint} of {address} is revoked in {file}"
    hint = "give the server a new host key; do not log in before"

    kind: str
    fingerprint: str
    file: str


@dataclass(kw_only=True, eq=False, repr=False)
class AuthRefusedError(ConnectError):
    """The server accepted none of the keys or passwords offered."""

    code = "auth-refused"
    cause = "{server}: {user}@{address} accepted none of: {offered}"
    hint = "`dcov keys deploy` installs the fleet key; ssh_user and ssh_key_path choose others"

    user: str
    offered: str


@dataclass(kw_only=True, eq=False, repr=False)
class LegacyAlgorithmsError(ConnectError):
    """The other side offers only algorithms that this SSH library no longer has."""

    code = "legacy-algorithms"
    cause = "{server}: {address} offers only algorithms that are no longer accepted: {detail}"
    hint = "upgrade its SSH server"

    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class JumpHostError(ConnectError):
    """The jump host in front of the server failed, or could not reach it."""

    code = "jump-host"
    cause = "{server}: jump host {jump} did not lead to {address}: {detail}"
    hint = "`dcov servers check {jump}` tells whether the jump host itself is well"

    jump: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class ProxyCommandError(ConnectError):
    """The program that ~/.ssh/config names for the way to the server failed."""

    code = "proxy-command"
    cause = "{server}: the ProxyCommand `{command}` did not lead to {address}: {detail}"
    hint = "it stands in ~/.ssh/config; run it by hand, it must show the server's SSH banner"

    command: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class LinkLostError(ConnectError):
    """The connection broke while something was under way."""

    code = "link-lost"
    cause = "{server}: the link to {address} broke during {during}"
    hint = "what was applied and not confirmed undoes itself; run again when the server is back"

    during: str


@dataclass(kw_only=True, eq=False, repr=False)
class CommandError(DcovError):
    """A command did not do what it was sent for."""

    code = "command"
    cause = "{command} failed"

    command: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class CommandFailedError(CommandError):
    """The command ended with another exit code than 0."""

    code = "command-failed"
    cause = "`{command}` ended with {exit_code}: {tail}"
    hint = "its own words say why; `dcov ssh NAME` leads to the server, to look closer"

    exit_code: int
    tail: str = ""
    stdout: str = ""  # the last 64 KiB of each stream, masked
    stderr: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class CommandTimeoutError(CommandError):
    """The command ran past its deadline and was ended."""

    code = "command-timeout"
    cause = "`{command}` did not end within {seconds:g} s"
    hint = "give it longer with `within`, or look at why it hangs: {tail}"

    seconds: float
    tail: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class SudoPasswordError(CommandError):
    """sudo asked for a password and the one given is wrong, or none was given."""

    code = "sudo-password"
    cause = "sudo for {user} {problem}"
    hint = "set ssh.sudo_password, or the server's in server_sudo_passwords of .secrets.yaml"

    user: str
    problem: str


@dataclass(kw_only=True, eq=False, repr=False)
class SudoTerminalError(CommandError):
    """sudo is configured to work only on a terminal."""

    code = "sudo-terminal"
    cause = "sudo for {user} wants a terminal (requiretty)"
    hint = "add `Defaults:{user} !requiretty` to sudoers; dcov never opens a terminal"

    user: str


@dataclass(kw_only=True, eq=False, repr=False)
class SudoRefusedError(CommandError):
    """The user may not become root."""

    code = "sudo-refused"
    cause = "{user} may not run commands as root: {detail}"
    hint = "allow it in sudoers, or choose another ssh_user"

    user: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class ConvergeError(DcovError):
    """A server could not be brought to the wanted state."""

    code = "converge"
    cause = "the server could not be brought to the wanted state"


@dataclass(kw_only=True, eq=False, repr=False)
class ApplyError(ConvergeError):
    """A step of the apply script failed."""

    code = "apply-failed"
    cause = "{resource}: `{step}` ended with {exit_code}: {tail}"
    hint = "what was changed has been put back; the step's own words say why"

    resource: str
    step: str
    exit_code: int
    tail: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class CertificateError(ConvergeError):
    """A certificate cannot be used; the proxy keeps the one that it has."""

    code = "certificate"
    cause = "{file} cannot be used"

    file: str


@dataclass(kw_only=True, eq=False, repr=False)
class CertificateChainError(CertificateError):
    """The certificates of the file do not lead from one to the next."""

    code = "certificate-chain"
    cause = "{file}: certificate {position}, {subject}, did not sign the one before it"
    hint = "the server's own comes first, then each one's issuer; the root may be left out"

    position: int
    subject: str


@dataclass(kw_only=True, eq=False, repr=False)
class CertificateDateError(CertificateError):
    """The certificate is not good today."""

    code = "certificate-date"
    cause = "{file} is good from {begins} to {ends} only"
    hint = "renew it, or correct the clock of this machine"

    begins: str
    ends: str


@dataclass(kw_only=True, eq=False, repr=False)
class CertificateKeyError(CertificateError):
    """The key is that of another certificate."""

    code = "certificate-key"
    cause = "{file} is not the key of {certificate}"
    hint = "set ssl.key_path to the key with which that certificate was asked for"

    certificate: str


@dataclass(kw_only=True, eq=False, repr=False)
class CertificateNameError(CertificateError):
    """The certificate is for other names."""

    code = "certificate-name"
    cause = "{file} is for {names}, and not for {name}"
    hint = "set ssl.domain to one of its names, or get a certificate that has this one"

    names: str
    name: str


@dataclass(kw_only=True, eq=False, repr=False)
class CertificateUnreadableError(CertificateError):
    """The file is not there, or is no PEM file of the kind that is wanted."""

    code = "certificate-unreadable"
    cause = "{file} on the master holds no {what}"
    hint = "both must be PEM files, and the key without a passphrase"

    what: str


@dataclass(kw_only=True, eq=False, repr=False)
class ChecksumError(ConvergeError):
    """A file is not the one that was promised."""

    code = "checksum"
    cause = "{what}: SHA-256 is {actual}, expected {expected}"
    hint = "do not use the file; a mirror may be stale: clear it, or `dcov exporters lock` anew"

    what: str
    expected: str
    actual: str


@dataclass(kw_only=True, eq=False, repr=False)
class ContentRefusedError(ConvergeError):
    """The file's own checker refuses the new content."""

    code = "content-refused"
    cause = "{path}: `{checker}` refuses the new content: {tail}"
    hint = "nothing was changed; correct the content"

    path: str
    checker: str
    tail: str


@dataclass(kw_only=True, eq=False, repr=False)
class DiskFullError(ConvergeError):
    """The file system has no room for what must be written."""

    code = "disk-full"
    cause = "no room to write {path}: {detail}"
    hint = "free space there; nothing was changed"

    path: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class DownloadError(ConvergeError):
    """An artifact could not be fetched by the controller."""

    code = "download"
    cause = "{url} could not be fetched: {detail}"
    hint = "check this machine's way to the internet, or set `mirror:` in fleet-config.yaml"

    url: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class ExpiredError(ConvergeError):
    """The change was not confirmed in time, and the server took it back by itself."""

    code = "expired"
    cause = "the server had taken the change back before it was confirmed: rollback {rollback}"
    hint = "run again, with a longer `deadline`"

    rollback: str


@dataclass(kw_only=True, eq=False, repr=False)
class DeadlineError(ConvergeError):
    """The server did not come to its end within the run's deadline for one server."""

    code = "deadline"
    cause = "not done within {seconds:g} s"
    hint = "give it longer with `deadline`"

    seconds: float


@dataclass(kw_only=True, eq=False, repr=False)
class KeyRefusedError(ConvergeError):
    """sshd does not let in with a key that stands in authorized_keys."""

    code = "key-refused"
    cause = "sshd does not take {key} for {user}: {detail}"
    hint = "its log says why; authorized_keys has been put back as it was"

    key: str
    user: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class LockedError(ConvergeError):
    """Another operator's run is changing the server, or has not confirmed yet."""

    code = "locked"
    cause = "{holder} is changing this server"
    hint = "wait for that run; a run that died undoes itself at its deadline"

    holder: str


@dataclass(kw_only=True, eq=False, repr=False)
class OtherExporterError(ConvergeError):
    """The port answers as an exporter, but not as the one that was installed."""

    code = "another-exporter"
    cause = "{exporter} {version} was installed, and on port {port} something else answers: {found}"
    hint = "the former state has been put back; is the release file what its name says?"

    exporter: str
    version: str
    port: int
    found: str


@dataclass(kw_only=True, eq=False, repr=False)
class PathTakenError(ConvergeError):
    """Something of another kind stands at the path."""

    code = "path-taken"
    cause = "{path} is a {kind}"
    hint = "move it away, or choose another path"

    path: str
    kind: str


@dataclass(kw_only=True, eq=False, repr=False)
class PortBusyError(ConvergeError):
    """The exporter's port is held by a process that dcov did not install."""

    code = "port-busy"
    cause = "port {port} is held by {owner}"
    hint = "stop {owner}, or leave this exporter out on this server"

    port: int
    owner: str


@dataclass(kw_only=True, eq=False, repr=False)
class EngineError(ConvergeError):
    """The master's container engine cannot be used."""

    code = "engine"
    cause = "the container engine does not answer: {detail}"
    hint = "run `dcov run install-prerequisites`, or look at `systemctl status docker` there"

    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class EngineRefusedError(EngineError):
    """The container engine answers, and refuses the question."""

    code = "engine-refused"
    cause = "the container engine refuses: {detail}"
    hint = "its own words say why"


@dataclass(kw_only=True, eq=False, repr=False)
class ContainerFailedError(ConvergeError):
    """A container starts and does not stay up."""

    code = "container-failed"
    cause = "the container {container} is {state}: {tail}"
    hint = "`docker logs {container}` on the master tells more"

    container: str
    state: str
    tail: str


@dataclass(kw_only=True, eq=False, repr=False)
class ContainerTakenError(ConvergeError):
    """A container of the name that dcov needs belongs to somebody else."""

    code = "container-taken"
    cause = "the container {container} belongs to {owner}"
    hint = (
        "dcov replaces no container that it did not make; remove or rename it, "
        "or take over an older DC Overview with `dcov adopt`"
    )

    container: str
    owner: str


@dataclass(kw_only=True, eq=False, repr=False)
class ImageError(ConvergeError):
    """The engine cannot get an image."""

    code = "image"
    cause = "the image {image} cannot be pulled: {detail}"
    hint = "does the registry have it, and does the master reach that? `images:` names another one"

    image: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class ReloadRefusedError(ConvergeError):
    """Prometheus refuses files that their checker has let pass."""

    code = "reload-refused"
    cause = "Prometheus does not take the new configuration: {detail}"
    hint = "the former one is in force again; correct what it names, and run again"

    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class FamilyProxyError(ConvergeError):
    """The proxy that runs on the master already cannot lead to dcov's services safely."""

    code = "family-proxy"
    cause = "the container cryptolabs-proxy, which dcov did not make, cannot be used: {fault}"
    hint = "{todo}"

    fault: str
    todo: str


@dataclass(kw_only=True, eq=False, repr=False)
class ArchiveError(ConvergeError):
    """An archive cannot be written, or cannot be read."""

    code = "archive"
    cause = "{file}: {detail}"
    hint = "is there room, and is it a whole file that dcov wrote?"

    file: Path
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class StillThereError(ConvergeError):
    """Something would be overwritten that holds data."""

    code = "still-there"
    cause = "{what} is there already"
    hint = "a backup is restored to a master without it: `dcov destroy --volumes` first"

    what: str


@dataclass(kw_only=True, eq=False, repr=False)
class ForeignNetworkError(ConvergeError):
    """The shared network is there, and is no bridge of this machine."""

    code = "foreign-network"
    cause = "the network {network} is a {driver} network of scope {scope}, not a local bridge"
    hint = "dcov neither deletes nor changes it; rename it, or run the site on another master"

    network: str
    driver: str
    scope: str


@dataclass(kw_only=True, eq=False, repr=False)
class SiteMovedError(ConvergeError):
    """The site's files on the master have changed since this copy was made of them."""

    code = "site-moved"
    cause = "{server} has the site at revision {theirs}, and this copy came from {base}:\n{diff}"
    hint = "`dcov config pull` takes those changes over into this copy; then run again"
    ends_run = True

    server: str
    theirs: str
    base: str
    diff: str


@dataclass(kw_only=True, eq=False, repr=False)
class StalePlanError(ConvergeError):
    """The server is no longer as it was when the plan was made."""

    code = "stale-plan"
    cause = "{resource} has changed since it was probed"
    hint = "plan again and look at the new diff"

    resource: str


@dataclass(kw_only=True, eq=False, repr=False)
class UnfitServerError(ConvergeError):
    """The server cannot run what was asked of it."""

    code = "unfit-server"
    cause = "{what} needs {needs}; this server has {has}"
    hint = "choose a version for this server, or leave it out"

    what: str
    needs: str
    has: str


@dataclass(kw_only=True, eq=False, repr=False)
class UnitFailedError(ConvergeError):
    """The unit was started and did not stay up."""

    code = "unit-failed"
    cause = "{unit} does not stay up: {tail}"
    hint = "`dcov exec -- journalctl -u {unit}` shows more"

    unit: str
    tail: str


@dataclass(kw_only=True, eq=False, repr=False)
class NotReadOnlyError(ConvergeError):
    """A plan came to a step that would change the server."""

    code = "not-read-only"
    cause = "the plan is incomplete after `{command}`: it is not marked as reading only, so not run"
    hint = "say reads=True if it changes nothing, or make it a resource"

    command: str


@dataclass(kw_only=True, eq=False, repr=False)
class VerifyError(ConvergeError):
    """What was installed does not do what it should."""

    code = "verify-failed"
    cause = "{what} after {seconds:g} s: {detail}"
    hint = "the former state has been put back"

    what: str
    seconds: float
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class PrometheusError(DcovError):
    """A Prometheus did not answer, or refused the question."""

    code = "prometheus"
    cause = "Prometheus at {url}: {detail}"
    hint = "is it running, and is the URL right, its path prefix included?"

    url: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class GrafanaError(DcovError):
    """A Grafana answered with what is no answer to the question."""

    code = "grafana"
    cause = "Grafana at {url}: {detail}"
    hint = "is that a Grafana, and is the URL right, its path prefix included?"

    url: str
    detail: str


@dataclass(kw_only=True, eq=False, repr=False)
class GrafanaSilentError(GrafanaError):
    """No Grafana answers there."""

    code = "grafana-silent"
    cause = "Grafana at {url} does not answer: {detail}"
    hint = "is it running, and is that its address as seen from the master?"


@dataclass(kw_only=True, eq=False, repr=False)
class GrafanaLoginError(GrafanaError):
    """Grafana does not take the login, or it may not do what was asked."""

    code = "grafana-login"
    cause = "Grafana at {url} refuses {user}: {detail}"
    hint = "an admin's name and password are needed; `grafana_password` in .secrets.yaml is it"

    user: str


@dataclass(kw_only=True, eq=False, repr=False)
class GrafanaRefusedError(GrafanaError):
    """Grafana refuses what it was asked for, in its own words."""

    code = "grafana-refused"
    cause = "Grafana at {url} answers {status}: {detail}"
    hint = "its own words say why"

    status: int


@dataclass(kw_only=True, eq=False, repr=False)
class FleetError(DcovError):
    """Some servers failed; `report` has one outcome for each."""

    code = "fleet"
    cause = "{summary}"
    hint = "`dcov runs show {run}` tells more; `--limit @failed` runs what failed again"

    report: Report
    summary: str
    run: str


@dataclass(kw_only=True, eq=False, repr=False)
class CancelledError(FleetError):
    """The run was cancelled before every server was done."""

    code = "cancelled"


def tree(root: type[DcovError] = DcovError) -> Iterable[type[DcovError]]:
    """Yield every error class, parents first: what the errors page is made from."""
    yield root
    for child in root.__subclasses__():
        yield from tree(child)
