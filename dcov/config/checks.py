"""What must hold between servers: one name, one place, one master, jumps that lead somewhere.

They look at the plain data, so that they find what they can also where a model was refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dcov.config.circle import leads_back
from dcov.config.document import Loc
from dcov.config.jump import Jump
from dcov.config.place import Place

SSH_PORT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong: the path where it is said, and that of another place that it is about."""

    loc: Loc
    message: str
    other: Loc = ()
    at_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One server as far as its data could be read."""

    loc: Loc
    name: str
    keys: Mapping[str, Any]

    def at(self, key: str) -> Loc:
        """Return the path of this key of the server."""
        return (*self.loc, key)


def check(data: Any) -> Iterator[Fault]:
    """Find what is wrong between the servers of a configuration."""
    if isinstance(data, dict):
        declared = tuple(_declared(data))
        ssh = data.get("ssh")
        port = ssh.get("port") if isinstance(ssh, dict) else None
        yield from _names(declared)
        yield from _places(declared, port=port if isinstance(port, int) else SSH_PORT)
        yield from _masters(declared)
        yield from _jumps(declared)


def _declared(data: Mapping[str, Any]) -> Iterator[Declared]:
    master, servers = data.get("master"), data.get("servers")
    if isinstance(master, dict):
        yield Declared(loc=("master",), name=str(master.get("name", "master")), keys=master)
    for n, server in enumerate(servers if isinstance(servers, list) else ()):
        if isinstance(server, dict):
            name = str(server.get("name", f"server-{n + 1}"))
            yield Declared(loc=("servers", n), name=name, keys=server)


def _names(declared: tuple[Declared, ...]) -> Iterator[Fault]:
    first: dict[str, Declared] = {}
    for server in declared:
        if server.name in first:
            message = f"two servers are called {server.name!r}"
            yield Fault(loc=server.at("name"), message=message, other=first[server.name].loc)
        first.setdefault(server.name, server)


def _places(declared: tuple[Declared, ...], *, port: int) -> Iterator[Fault]:
    first: dict[tuple[str, str, str], tuple[Place, Declared]] = {}
    for server in declared:
        key = "ssh_host" if "ssh_host" in server.keys else "server_ip"
        address = server.keys.get(key)
        if not isinstance(address, str):
            continue
        place = Place(
            server=server.name,
            address=address,
            port=server.keys.get("ssh_port", port),
            jump=server.keys.get("ssh_jump"),
        )
        twin, other = first.setdefault(place.spot, (place, server))
        if other.name != server.name:
            yield Fault(loc=server.at(key), message=place.shared_with(twin), other=other.loc)


def _masters(declared: tuple[Declared, ...]) -> Iterator[Fault]:
    masters = [
        server
        for server in declared
        if server.loc == ("master",) or server.keys.get("role") == "master"
    ]
    for server in masters[1:]:
        message = f"{server.name} and {masters[0].name} are both the master"
        yield Fault(loc=server.at("role"), message=message, other=masters[0].loc)
    for server in masters[:1]:
        if server.loc == ("master",) and server.keys.get("role") == "worker":
            yield Fault(loc=server.at("role"), message="what stands under `master` is no worker")


def _jumps(declared: tuple[Declared, ...]) -> Iterator[Fault]:
    jumps = {server.name: server.keys.get("ssh_jump") for server in declared}
    for server in declared:
        jump = jumps[server.name]
        if not isinstance(jump, str):
            continue
        if jump in jumps:
            if leads_back(server.name, jumps=jumps):
                message = f"the way to {server.name} leads through {server.name} itself"
                yield Fault(loc=server.at("ssh_jump"), message=message)
        elif Jump.parse(jump) is None:
            close = difflib.get_close_matches(jump, list(jumps), n=1)
            hint = f"did you mean {close[0]}?" if close else "or write [user@]address[:port]"
            message = f"no server is called {jump!r}; {hint}"
            yield Fault(loc=server.at("ssh_jump"), message=message)
