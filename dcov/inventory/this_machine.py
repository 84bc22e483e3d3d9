"""What is to be known of the machine that dcov runs on, to tell whether it is the master."""

from __future__ import annotations

import ipaddress
import socket

DISCARD = 9


def host_name() -> str:
    """Return this machine's name without its domain."""
    return socket.gethostname().partition(".")[0]


def is_here(address: str) -> bool:
    """Whether this address, or one that this name stands for, belongs to this machine."""
    try:
        found = socket.getaddrinfo(address, DISCARD, type=socket.SOCK_DGRAM)
    except OSError:
        return False
    return any(_is_own(family, place) for family, _, _, _, place in found)


def _is_own(
    family: int, place: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
) -> bool:
    # The kernel answers an own address from itself. bind() would not tell: it takes any address
    # where ip_nonlocal_bind is set, as beside keepalived. Connecting UDP sends nothing.
    address = ipaddress.ip_address(str(place[0]).partition("%")[0])
    if address.is_loopback:
        return True
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(place)
            own = str(probe.getsockname()[0]).partition("%")[0]
    except OSError:  # no route there, or a kernel without IPv6
        return False
    return ipaddress.ip_address(own) == address
