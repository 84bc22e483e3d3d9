"""Where a server is logged in to, which is no other server's place."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where sshd of a server answers: address and port, as seen from its jump host."""

    server: str
    address: str
    port: object
    jump: object = None

    @property
    def spot(self) -> tuple[str, str, str]:
        """What no two servers have in common, however their addresses are spelled."""
        return same_address(self.address), str(self.port), str(self.jump)

    def shared_with(self, other: Place) -> str:
        """Say that two servers are at one place, naming both."""
        return (
            f"{self.server} and {other.server} are both at {self.address} port {self.port}; "
            "behind NAT each has its own ssh_port"
        )


def same_address(address: str) -> str:
    """Return one spelling for all those of one address."""
    try:
        return ipaddress.ip_address(address).compressed
    except ValueError:
        return address.rstrip(".").lower()
