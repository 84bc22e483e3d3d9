"""The networks of a lab: who can reach whom.

`outer` is the internet of the lab: the controller, the master, gpu-01 and the router are on it.
`private` lies behind the router. `jump` joins the master and gpu-04. The controller has no address
on the last two: its address is taken from their bridges, and its route says unreachable, so that no
packet for them leaves this machine by another way.
"""

import ipaddress
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .command import CommandError, LabError, run
from .engine import docker

POOL = ipaddress.IPv4Network("10.64.0.0/12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One bridge of the lab, as the engine has it."""

    name: str
    subnet: ipaddress.IPv4Network
    bridge: str

    def address(self, last: int) -> str:
        """The address of this subnet that ends so."""
        return str(self.subnet.network_address + last)

    @property
    def gateway(self) -> str:
        """The bridge's own address; on a network without the controller nobody has it at first."""
        return self.address(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a network of this name is like."""

    name: str
    reached_by_controller: bool
    options: tuple[str, ...] = ()


KINDS = (
    Kind(name="outer", reached_by_controller=True),
    Kind(
        name="private",
        reached_by_controller=False,
        # leaving is the router's business; the engine must not translate addresses too
        options=("--opt", "com.docker.network.bridge.enable_ip_masquerade=false"),
    ),
    Kind(name="jump", reached_by_controller=False, options=("--internal",)),
)


def ensure(lab: str) -> dict[str, Network]:
    """Have the lab's networks, each on a subnet that nothing on this machine uses."""
    networks = {}
    for kind in KINDS:
        network = find(lab, kind=kind.name) or _create(lab, kind=kind)
        if not kind.reached_by_controller:
            _leave(network)
        networks[kind.name] = network
    return networks


def find(lab: str, *, kind: str) -> Network | None:
    """The network as it is now, or None."""
    name = f"dcov-lab-{lab}-{kind}"
    asked = docker("network", "inspect", name, check=False)
    if asked.returncode:
        return None
    found = json.loads(asked.stdout)[0]
    subnet = ipaddress.IPv4Network(found["IPAM"]["Config"][0]["Subnet"])
    return Network(name=name, subnet=subnet, bridge=f"br-{found['Id'][:12]}")


def remove(lab: str) -> None:
    """Remove the lab's networks and the routes that closed them."""
    for kind in KINDS:
        network = find(lab, kind=kind.name)
        if network is None:
            continue
        run(("ip", "route", "del", "unreachable", str(network.subnet)), check=False)
        run(("iptables", "-w", "-t", "nat", "-D", *_untranslated(network)), check=False)
        docker("network", "rm", network.name)


def _create(lab: str, *, kind: Kind) -> Network:
    for subnet in _free_subnets(lab):
        argv = ("network", "create", "--label", f"dcov-lab={lab}", "--subnet", str(subnet))
        name = f"dcov-lab-{lab}-{kind.name}"
        try:
            docker(*argv, "--gateway", str(subnet.network_address + 1), *kind.options, name)
        except CommandError as error:
            # another lab took it between the look and the creation
            if "overlaps" not in str(error):
                raise
            continue
        created = find(lab, kind=kind.name)
        assert created is not None
        return created
    raise LabError(f"no free subnet in {POOL}")


def _free_subnets(lab: str) -> Iterator[ipaddress.IPv4Network]:
    """The free /24 of the pool, from a place that follows from the name: addresses tend to stay."""
    listed = json.loads(run(("ip", "-j", "-4", "route", "show", "table", "all")).stdout)
    used = [
        ipaddress.IPv4Network(route["dst"], strict=False)
        for route in listed
        if route["dst"] != "default"
    ]
    subnets = list(POOL.subnets(new_prefix=24))
    start = zlib.crc32(lab.encode()) % len(subnets)
    for subnet in subnets[start:] + subnets[:start]:
        if not any(subnet.overlaps(other) for other in used):
            yield subnet


def _leave(network: Network) -> None:
    """Take the controller off this network; at every `up`, as a restarted engine puts it back."""
    run(("ip", "address", "flush", "dev", network.bridge))
    run(("ip", "route", "replace", "unreachable", str(network.subnet)))
    # deleted first, so that it stands before whatever the engine has put there since
    run(("iptables", "-w", "-t", "nat", "-D", *_untranslated(network)), check=False)
    run(("iptables", "-w", "-t", "nat", "-I", *_untranslated(network)))


def _untranslated(network: Network) -> tuple[str, ...]:
    """The rule that keeps the engine's masquerading off this bridge.

    Where br_netfilter is loaded, a bridged packet passes this machine's nat table too. One that the
    router forwarded still has its sender on `outer`, so the rule of `outer` would translate it, to
    an address of this bridge, which has none.
    """
    return ("POSTROUTING", "-o", network.bridge, "-j", "ACCEPT")
