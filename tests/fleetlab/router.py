"""The router that gpu-02 and gpu-03 share: real NAT in front of a network of their own."""

from collections.abc import Mapping

from . import image
from .container import Container
from .engine import docker
from .network import Network
from .topology import ROUTER, SERVERS


def ensure(lab: str, *, networks: Mapping[str, Network]) -> None:
    """Have the router running with its forwards."""
    container = Container(name=f"dcov-lab-{lab}-nat")
    wanted = image.tag("nat")
    found = container.inspect()
    if found and found["Config"]["Image"] == wanted and found["State"]["Running"]:
        return
    container.remove()
    outer, private = networks["outer"], networks["private"]
    # the bridge's address is free: the controller has been taken off this network
    settings = {
        "OUTER": outer.address(ROUTER),
        "INNER": private.address(ROUTER),
        "ROUTER": private.gateway,
        "GATEWAY": outer.gateway,
        "FORWARDS": " ".join(_forwards(private)),
    }
    argv = ["create", "--name", container.name, "--hostname", "nat", "--label", f"dcov-lab={lab}"]
    argv += ["--init", "--cap-add", "NET_ADMIN", "--sysctl", "net.ipv4.ip_forward=1"]
    argv += ["--network", outer.name, "--ip", settings["OUTER"]]
    for key, value in settings.items():
        argv += ["--env", f"{key}={value}"]
    docker(*argv, wanted)
    docker("network", "connect", "--ip", settings["INNER"], private.name, container.name)
    container.start()


def _forwards(private: Network) -> list[str]:
    """Each as `2202:10.0.0.12:22`."""
    return [
        f"{outside}:{private.address(spec.legs[0][1])}:{inside}"
        for spec in SERVERS
        for outside, inside in spec.forwards
    ]
