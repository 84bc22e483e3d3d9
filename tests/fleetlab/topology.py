"""Which servers the lab has, where they stand and how one logs in to them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One server as the lab means it, before it runs."""

    name: str
    image: str
    legs: tuple[tuple[str, int], ...]
    """Networks with the last part of the address there; the first is how it is reached."""
    user: str = "root"
    jump: str | None = None
    forwards: tuple[tuple[int, int], ...] = ()
    """(port of the router, port of this server); the first is for ssh."""
    nested_engine: bool = False
    is_master: bool = False
    """Whether it knows the lab's registry and ACME server."""
    sshd: str = "PermitRootLogin yes\nMaxStartups 200\n"

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be up for this server to be reached."""
        return (self.jump,) if self.jump else ()


# Last parts of addresses on `outer`.
ROUTER = 20
REGISTRY = 30
ACME = 31
HOSTS = {"registry.lab.example": REGISTRY, "acme.lab.example": ACME}
"""Names that the master knows, as it has no name server that does."""
SERVERS = (
    Spec(
        name="master",
        image="master",
        legs=(("outer", 10), ("jump", 10)),
        nested_engine=True,
        is_master=True,
        # MaxStartups stays sshd's own, so that throttling is real
        sshd="PermitRootLogin yes\n",
    ),
    Spec(name="gpu-01", image="tenant", legs=(("outer", 11),), nested_engine=True),
    Spec(
        name="gpu-02",
        image="worker",
        legs=(("private", 12),),
        forwards=((2202, 22), (9102, 9100), (9836, 9835)),
    ),
    Spec(
        name="gpu-03",
        image="worker",
        legs=(("private", 13),),
        user="ops",
        forwards=((2203, 22), (9103, 9100), (9837, 9835)),
        sshd="PermitRootLogin no\nMaxStartups 200\n",
    ),
    Spec(name="gpu-04", image="worker", legs=(("jump", 14),), jump="master"),
)
NAMES = tuple(spec.name for spec in SERVERS)


def find(name: str) -> Spec:
    """The server of this name."""
    for spec in SERVERS:
        if spec.name == name:
            return spec
    raise ValueError(f"no such server: {name}; the lab has {', '.join(NAMES)}")


def chosen(only: tuple[str, ...] | None) -> tuple[Spec, ...]:
    """The servers of these names and those that they are reached through; all of them for None."""
    if only is None:
        return SERVERS
    needed = {name for one in map(find, only) for name in (one.name, *one.needs)}
    return tuple(spec for spec in SERVERS if spec.name in needed)
