"""Where `ssh_jump` leads when it names no server of the fleet: `[user@]address[:port]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from dcov.config.fields import address

FORM = (  # compiled at its first use: 4 ms
    r"(?:(?P<user>[^@\s]+)@)?(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:@\[\]\s]+))(?::(?P<port>[0-9]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A jump host that is no server of the fleet; None stands for the site's own default."""

    address: str
    user: str | None = None
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Jump | None:
        """Read what `ssh -J` takes; a bare word is none, it may be a server's name mistyped."""
        found = re.fullmatch(FORM, text)
        if found is None or not set(text) & set("@:."):
            return None
        host, port = found["six"] or found["host"], found["port"]
        try:
            address(host)
        except PydanticCustomError:
            return None
        if port is not None and not 1 <= int(port) <= 65535:  # noqa: PLR2004
            return None
        return cls(address=host, user=found["user"], port=int(port) if port else None)
