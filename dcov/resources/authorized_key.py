"""A public key that a user may log in with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change, compare
from dcov.converge.resource import Step
from dcov.errors import ConfigError, PathTakenError, UnfitServerError
from dcov.ssh.command import Argv, Finished, Shell
from dcov.ssh.known_hosts import Line
from dcov.ssh.scripts import remote

TYPE = r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+"
PUBLIC = re.compile(rf"{TYPE} [A-Za-z0-9+/]+={{0,2}}(?: [ -~]*)?")
# Options stand before the type, with blanks in quotes, and \" is no quote: as sshd's auth2-pubkey.c
# skips them. No text matches in two ways, or a long one could keep the controller busy for ever.
WORD = r"""\\"|\\(?!")|[^\s"\\]"""
QUOTED = r""""(?:\\"|\\(?!")|[^"\\])*\""""
OPTIONS = rf"(?![\s#])(?:{WORD}|{QUOTED})+"
WRITTEN = re.compile(
    rf"\s*(?:(?P<options>{OPTIONS})\s+)?{TYPE}\s+(?P<key>[A-Za-z0-9+/=]+)(?:\s.*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedKey:
    """A line in a user's authorized_keys; all others stay as they are and where they are.

    `line` is the key as in a .pub file, None where it is made only when this is applied. A line
    that has the key already is enough, whatever its options and comment. `path` is for an sshd
    that looks elsewhere than in the home; a folder there is made if missing, and else left alone.
    """

    user: str
    line: str | None
    path: PurePosixPath | None = None

    def __post_init__(self) -> None:
        if self.line is not None and not _is_public(self.line):
            message = f"{self.line[:40]!r} is not one line with a public key"
            raise ConfigError.about(message, key="public key")

    def probe(self) -> Argv:
        script = remote("probe-authorized-keys.sh")
        return ("sh", "-c", script, "sh", self.user, str(self.path or ""))

    def plan(self, found: Finished) -> Change:
        if found.exit_code and not found.stdout:
            raise self._unfit(needs="that user", has="none of this name")
        uid, home, folder, file, *lines = found.stdout.split("\n")
        if not home.startswith("directory"):
            raise self._unfit(needs="a home folder", has="none")
        self._refuse_others(folder=folder, file=file)
        rights = compare(self._name, had=_rights(folder, file), want=self._wanted(folder, uid=uid))
        if self.line is None:
            reason = "the key is made when this is applied"
            return Change(resource=self._name, action=Action.UNKNOWN, reason=reason)
        if _holds(lines, key=self.line.split()[1]):
            return rights
        action = Action.CREATE if file.startswith("nothing") else Action.UPDATE
        return Change(resource=self._name, action=action, diff=(*rights.diff, f"+{self.line}"))

    def apply(self, change: Change) -> tuple[Step, ...]:
        added = f"+{self.line}" in change.diff
        line = self.line if added and self.line else ""
        return (
            Shell(remote("authorize.sh")),
            ("authorize", self.user, str(self.path or ""), line),
        )

    @property
    def _name(self) -> str:
        return f"authorized_key:{self.user}"

    def _wanted(self, folder: str, *, uid: str) -> dict[str, str]:
        wanted = {"owner": uid, "mode": "600"}
        if self.path is None or folder.startswith("nothing"):
            wanted |= {"folder owner": uid, "folder mode": "700"}
        return wanted

    def _refuse_others(self, *, folder: str, file: str) -> None:
        path = str(self.path or f"~{self.user}/.ssh/authorized_keys")
        for place, found, wanted in (
            (path.rpartition("/")[0], folder, ("directory", "nothing")),
            (path, file, ("regular file", "regular empty file", "nothing")),
        ):
            kind = found.partition("|")[0]
            if kind not in wanted:
                raise PathTakenError(path=place, kind=kind)

    def _unfit(self, *, needs: str, has: str) -> UnfitServerError:
        return UnfitServerError(what=f"a key for {self.user}", needs=needs, has=has)


def _is_public(line: str) -> bool:
    try:
        return bool(PUBLIC.fullmatch(line) and Line.parse(f"key {line}"))
    except ValueError:
        return False


def _rights(folder: str, file: str) -> dict[str, str]:
    _, folder_owner, folder_mode = folder.split("|")
    _, owner, mode = file.split("|")
    return {
        "folder owner": folder_owner,
        "folder mode": folder_mode,
        "owner": owner,
        "mode": mode,
    }


def _holds(lines: Iterable[str], *, key: str) -> bool:
    """Whether a line lets this key in; as an authority it would only sign for others."""
    for line in lines:
        found = WRITTEN.fullmatch(line)
        if found and found["key"] == key:
            options = (found["options"] or "").lower().split(",")
            if "cert-authority" not in options:
                return True
    return False
