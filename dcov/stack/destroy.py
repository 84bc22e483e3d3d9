"""What brings a master back to what it was before the stack came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from dcov.context import Context
from dcov.converge.resource import Resource
from dcov.deployed import check_site
from dcov.errors import EngineError
from dcov.resources import AbsentNetwork, AbsentServices, AbsentVolume
from dcov.stack.ledger import MANIFEST, Former
from dcov.stack.paths import COMPOSE_FILE
from dcov.stack.proxy.family import no_routes
from dcov.stack.stack import PRIVATE, PROJECT, SHARED
from dcov.stack.survey import SITE, Survey
from dcov.stack.tls.certbot import LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What dcov made on a master and is still there: by its label, and by its own record."""

    engine: bool
    volumes: tuple[str, ...]
    certificates: tuple[str, ...]
    former: Former | None
    routes: tuple[Resource, ...] = ()

    @classmethod
    def of(cls, ctx: Context) -> Self:
        """Look at the server; raises EngineError for an engine that is there and does not answer.

        Without an answer nobody knows what runs, and files that a container uses must stay. Raises
        SiteMovedError where the site's own files have changes of somebody else, which would go too.
        """
        survey = Survey.settled(ctx)
        check_site(ctx, seen=survey.site)
        if survey.trouble:
            raise EngineError(detail=survey.trouble)
        listing = ("docker", "volume", "ls", "--quiet", "--filter", f"label={SITE}")
        volumes = ctx.run(listing, reads=True).stdout.split() if survey.engine else []
        manifest = ctx.run(("cat", "--", str(MANIFEST)), reads=True, check=False)
        live = ctx.run(("ls", str(LIVE)), reads=True, check=False).stdout.split()
        return cls(
            engine=bool(survey.engine),
            volumes=tuple(sorted(volumes)),
            certificates=tuple(name for name in live if name != "README"),
            former=Former.read(manifest.stdout) if manifest.ok else None,
            routes=no_routes(ctx, survey=survey),
        )

    def absent(self, *, volumes: bool) -> tuple[Resource, ...]:
        """Return what removes it, containers first; volumes only if `volumes`.

        The routes in somebody else's proxy go before what they lead to.
        """
        running: tuple[Resource, ...] = ()
        if self.engine:
            running = (
                AbsentServices(project=PROJECT, file=COMPOSE_FILE),
                *(AbsentNetwork(name=name, label=SITE) for name in (*PRIVATE, SHARED)),
                *(AbsentVolume(name=name, label=SITE) for name in self.volumes if volumes),
            )
        return (*self.routes, *running, *(self.former.resources() if self.former else ()))
