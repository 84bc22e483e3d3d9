"""How to run, said apart from what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dcov.errors import ConfigError
from dcov.events import Listener
from dcov.ssh.links import Patience

Amount = int | str  # 5, or "10%"
GRACE = 30.0  # seconds for a server inside an apply to end it after a cancel
LONGEST = 7 * 86400.0  # seconds that a server may be given


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run goes over the fleet.

    `workers` servers at once. `canary` servers first, all of which must come out well; then
    `batch` servers at a time (a number, or a share such as "10%", rounded up). No new batch
    begins once more than `max_failures` failed (a share is rounded down). `deadline` are the
    seconds for one server. `accept_new` takes unknown host keys on trust and writes them down.
    """

    workers: int = 50
    canary: int = 0
    batch: Amount | None = None
    max_failures: Amount | None = None
    deadline: float = 900.0
    accept_new: bool = False
    keep_connected: bool = False
    patience: Patience = field(default_factory=Patience)
    processors: Sequence[Any] = ()
    listeners: tuple[Listener, ...] = ()

    @property
    def at_once(self) -> Options:
        """The same for all servers at once: how a plan goes, in which nothing can break."""
        return replace(self, canary=0, batch=None, max_failures=None)

    def __post_init__(self) -> None:
        for name, least in (("workers", 1), ("canary", 0)):
            if getattr(self, name) < least:
                message = f"{getattr(self, name)} is not at least {least}"
                raise ConfigError.about(message, key=name)
        if not 0 < self.deadline <= LONGEST:
            message = f"{self.deadline:g} is no number of seconds up to {LONGEST:g}, a week"
            raise ConfigError.about(message, key="deadline")
        for name in ("batch", "max_failures"):
            amount = getattr(self, name)
            if amount is not None:
                count(amount, of=100, up=True, name=name)


def count(amount: Amount, *, of: int, up: bool, name: str) -> int:
    """Return an amount as a number of servers; raises ConfigError for what is none."""
    text = str(amount).strip()
    share = text.endswith("%")
    digits = text.removesuffix("%")
    if not re.fullmatch("[0-9]+", digits) or (share and int(digits) > 100):  # noqa: PLR2004  # per cent
        message = f"{text!r} is neither a number of servers nor a share such as '10%'"
        raise ConfigError.about(message, key=name)
    if not share:
        return int(digits)
    exact = int(digits) * of
    return -(-exact // 100) if up else exact // 100


def batches(names: Sequence[str], *, options: Options) -> list[list[str]]:
    """Divide the servers: the canary first, then batches of at least one."""
    rest = list(names)
    parts: list[list[str]] = []
    if options.canary:
        parts.append(rest[: options.canary])
        rest = rest[options.canary :]
    size = len(rest) or 1
    if options.batch is not None:
        size = max(1, count(options.batch, of=len(names), up=True, name="batch"))
    parts += [rest[start : start + size] for start in range(0, len(rest), size)]
    return [part for part in parts if part]
