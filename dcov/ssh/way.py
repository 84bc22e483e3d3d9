"""How a server is reached: as the fleet says and, where it is silent, as ~/.ssh/config says.

What is looked up there is the declared address, as if one typed `ssh ADDRESS`. Host keys stay
dcov's own business: they are known by the server's name, whatever ~/.ssh/config leads to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dcov.errors import ConfigError
from dcov.inventory.entry import Entry, Login, Unsaid
from dcov.inventory.site import Site
from dcov.ssh.ssh_config import HostOptions, SshConfig
from dcov.ssh.tokens import agent_socket, in_command


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How to log in to one server or jump host.

    `identities` are keys that ~/.ssh/config names: tried after a configured key and before the
    agent's, and passed over where they cannot be used, as ssh does. `agent_socket` is where the
    agent answers, if not at SSH_AUTH_SOCK.
    """

    entry: Entry
    identities: tuple[Path, ...] = ()
    agent_socket: Path | None = None

    @property
    def login(self) -> Login:
        """Where and as whom."""
        return self.entry.login

    def only(self, key_path: Path) -> Way:
        """Return the same way with this key as the only means to log in."""
        login = replace(self.login, key_path=key_path, agent=False, password=None)
        return Way(entry=replace(self.entry, login=login))


class Ways:
    """The ways to the servers of a site and to the jump hosts in front of them."""

    def __init__(self, site: Site, *, ssh_config: SshConfig | None) -> None:
        self._site = site
        # Without a word in it there is nothing to look up: 0.5 ms for each server.
        self._ssh_config = ssh_config if ssh_config is None or ssh_config.says_anything else None
        # Known from the start: a jump host that is done first must not hang up on the others.
        self._jumps = {entry.login.jump for entry in site.entries.values()}
        self._found: dict[str, Way] = {}

    def to(self, name: str) -> Way:
        """Return the way to a server, or to what another one names as its jump host.

        Raises ConfigError where ~/.ssh/config leads round in a circle.
        """
        way = self._one(name)
        seen, step = {name}, way.login.jump
        while step is not None:
            if step in seen:
                raise ConfigError.about(
                    f"the way to {name} leads through {step} twice", key="~/.ssh/config"
                )
            seen.add(step)
            self._jumps.add(step)
            step = self._one(step).login.jump
        return way

    def lead_through(self, name: str) -> bool:
        """Whether a way that was asked for goes through this one."""
        return name in self._jumps

    def _one(self, name: str) -> Way:
        if name not in self._found:
            entry = self._site.entries.get(name)
            if entry is not None:
                self._site.jump(entry)  # raises where that is neither a server nor an address
            self._found[name] = self._completed(entry or self._jump_host(name))
        return self._found[name]

    def _jump_host(self, name: str) -> Entry:
        """Read hops as `ssh -J` takes them: the last one is meant, the others lead to it."""
        from dcov.config.jump import Jump
        from dcov.config.server import ServerSettings
        from dcov.inventory import declared

        before, _, last = name.rpartition(",")
        jump = Jump.parse(last) or Jump(address=last)
        said = ServerSettings(server_ip="localhost", ssh_port=jump.port, ssh_user=jump.user)
        login = declared.login(said, settings=self._site.settings)
        # The site's defaults are for its servers; of this one ~/.ssh/config may know better.
        unsaid = Unsaid.among(user=jump.user, port=jump.port, key=None, jump=before or None)
        return Entry(
            name=last,
            login=replace(login, address=jump.address, jump=before or None, unsaid=unsaid),
        )

    def _completed(self, entry: Entry) -> Way:
        login = entry.login
        if self._ssh_config is None or login.local:
            return Way(entry=entry)
        said = self._ssh_config.lookup(login.address)
        identities = said.identity_files if Unsaid.KEY in login.unsaid else ()
        agent = login.agent
        if agent is None and identities:
            agent = not said.identities_only
        if agent is None and (said.identity_agent or "").lower() == "none":
            agent = False
        user = said.user if Unsaid.USER in login.unsaid else None
        port = said.port if Unsaid.PORT in login.unsaid else None
        complete = replace(
            login,
            address=said.hostname,
            user=user or login.user,
            port=port or login.port,
            jump=_hops(said, login=login) if Unsaid.JUMP in login.unsaid else login.jump,
            agent=agent,
        )
        if said.proxy_command and complete.jump is None and Unsaid.JUMP in login.unsaid:
            command = in_command(said.proxy_command, login=complete, alias=login.address)
            complete = replace(complete, proxy_command=command)
        return Way(
            entry=replace(entry, login=complete),
            identities=identities,
            agent_socket=_agent_socket(said, login=complete, alias=login.address),
        )


def _agent_socket(said: HostOptions, *, login: Login, alias: str) -> Path | None:
    asked = login.agent if login.agent is not None else login.key_path is None
    place = said.identity_agent
    if not asked or place is None or place.lower() == "none":
        return None
    return agent_socket(place, login=login, alias=alias)


def _hops(said: HostOptions, *, login: Login) -> str | None:
    """Return the hops, or none to a host that `Host *` sends through itself."""
    if not said.proxy_jump:
        return login.jump
    from dcov.config.jump import Jump

    last = said.proxy_jump[-1]
    address = (Jump.parse(last) or Jump(address=last)).address
    return None if address == login.address else ",".join(said.proxy_jump)
