"""The declared fleet: its servers, its settings, and where its files lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from platformdirs import user_config_path

from dcov.config.circle import leads_back
from dcov.config.notice import Notice
from dcov.config.place import Place
from dcov.errors import ConfigError, Problem, UnknownNameError
from dcov.home import own_folder
from dcov.inventory.entry import Entry, Login, Role
from dcov.inventory.nearest import nearest_names
from dcov.inventory.this_machine import host_name
from dcov.secret import Secret

if TYPE_CHECKING:
    from dcov.config.load import Config
    from dcov.config.settings import Settings

KNOWN_HOSTS = "known_hosts"
SITE_NAME = "DC Overview"  # the existing product's


# The models of the configuration, and pydantic below them, are half of what importing dcov would
# cost; a fleet that is made from entries alone needs none of them.


@cache
def _defaults() -> Settings:
    from dcov.config.settings import Settings

    return Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the user declared; it can be looked at from any thread and runs nothing.

    `path` is the configuration file, or the folder of a Nornir inventory; None where the site was
    made from entries. `notices` are what reading it gave rise to.
    """

    name: str
    entries: Mapping[str, Entry]
    given: Settings | None = field(default=None, repr=False)
    path: Path | None = None
    notices: tuple[Notice, ...] = ()
    config_secrets: tuple[Secret, ...] = field(default=(), repr=False)

    @classmethod
    def load(cls, path: Path | str) -> Site:
        """Read a fleet-config.yaml and the secrets beside it."""
        from dcov.config.load import load

        return cls.of_config(load(path))

    @classmethod
    def of_config(cls, config: Config) -> Site:
        """Take the fleet from a configuration that has been read already."""
        from dcov.inventory import declared

        return cls(
            name=config.settings.site_name,
            entries=_by_name(declared.entries(config.settings), file=config.path),
            given=config.settings,
            path=config.path,
            notices=config.notices,
            config_secrets=config.secrets,
        )

    @classmethod
    def of(
        cls,
        *entries: Entry,
        name: str = "",
        settings: Settings | None = None,
        path: Path | None = None,
    ) -> Site:
        """Make a fleet of these servers and no others.

        Here this machine does not become a member by being nobody's: `master` names it, but a
        command for the whole fleet does not run on it.
        """
        site = cls(
            name=name or (settings.site_name if settings else SITE_NAME),
            entries=_by_name(map(_scraped, entries), file=path),
            given=settings,
            path=path,
        )
        if settings is None:
            return site
        from dcov.config.settings import secrets_in

        return replace(site, config_secrets=tuple(secrets_in(settings)))

    @property
    def settings(self) -> Settings:
        """The site's settings; the defaults where none were given."""
        return self.given or _defaults()

    @property
    def master(self) -> Entry:
        """The one entry with the role; this machine where nobody has it."""
        for entry in self.entries.values():
            if entry.role is Role.MASTER:
                return entry
        return Entry(
            name=host_name(), login=Login(address="localhost", local=True), role=Role.MASTER
        )

    @property
    def workers(self) -> tuple[Entry, ...]:
        """All entries but the master."""
        return tuple(entry for entry in self.entries.values() if entry.role is Role.WORKER)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every value that must be masked, wherever it was declared."""
        own = (
            secret
            for entry in self.entries.values()
            for secret in (entry.login.password, entry.login.sudo_password, entry.bmc_password)
            if secret is not None
        )
        return tuple(dict.fromkeys((*self.config_secrets, *own)))

    @property
    def folder(self) -> Path:
        """Where the site's own files lie: beside its configuration, else the user's folder."""
        if self.path is None:
            return own_folder(user_config_path)
        path = self.path.absolute()
        return path if path.is_dir() else path.parent

    @property
    def known_hosts(self) -> Path:
        """The file with the host keys of the site's servers."""
        return self.folder / KNOWN_HOSTS

    def __getitem__(self, name: str) -> Entry:
        if name not in self.entries:
            raise UnknownNameError(
                kind="server",
                name=name,
                nearest=nearest_names(name, among=self.entries),
                known="`dcov servers list` lists them",
            )
        return self.entries[name]

    def jump(self, entry: Entry) -> Login | None:
        """Return how to log in to the jump host in front of this server; None without one.

        It is a server of the fleet, or what `ssh -J` takes, with the site's defaults.
        """
        name = entry.login.jump
        if name is None or name in self.entries:
            return self.entries[name].login if name else None
        from dcov.config.jump import Jump
        from dcov.config.server import ServerSettings
        from dcov.inventory import declared

        jump = Jump.parse(name)
        if jump is None:
            raise UnknownNameError(
                kind="jump host",
                name=name,
                nearest=nearest_names(name, among=self.entries),
                known="name a server of the site, or write [user@]address[:port]",
            )
        host = ServerSettings(server_ip=jump.address, ssh_port=jump.port, ssh_user=jump.user)
        return declared.login(host, settings=self.settings)


def _scraped(entry: Entry) -> Entry:
    if entry.scrape_address or entry.login.local:
        return entry
    return replace(entry, scrape_address=entry.login.address)


def _by_name(entries: Iterable[Entry], *, file: Path | None) -> Mapping[str, Entry]:
    found: dict[str, Entry] = {}
    problems: list[Problem] = []

    def say(message: str, *, key: str) -> None:
        problems.append(Problem(message=message, file=file, key=key))

    for entry in entries:
        if entry.name in found:
            say(_twice(entry.name, among=found), key="name")
        found[entry.name] = entry
    for place, twin in _shared(found.values()):
        say(place.shared_with(twin), key="ssh_port")
    masters = [entry.name for entry in found.values() if entry.role is Role.MASTER]
    if len(masters) > 1:
        say(f"{' and '.join(masters)} are both the master", key="role")
    jumps = {name: entry.login.jump for name, entry in found.items()}
    for name in found:
        if leads_back(name, jumps=jumps):
            say(f"the way to {name} leads through {name} itself", key="ssh_jump")
    if problems:
        raise ConfigError(problems=tuple(problems))
    return MappingProxyType(found)


def _shared(entries: Iterable[Entry]) -> Iterator[tuple[Place, Place]]:
    """Find servers that are logged in to at one place; this machine may have many names."""
    first: dict[tuple[str, str, str], Place] = {}
    for entry in entries:
        login = entry.login
        place = Place(server=entry.name, address=login.address, port=login.port, jump=login.jump)
        twin = place if login.local else first.setdefault(place.spot, place)
        if twin is not place:
            yield place, twin


def _twice(name: str, *, among: Mapping[str, Entry]) -> str:
    if among[name].login.local:
        return (
            f"the master is this machine, and a server is called {name!r} as well; "
            "if they are one, give that server `role: master`"
        )
    return f"two servers are called {name!r}"
