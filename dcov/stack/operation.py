"""What is done to a stack that runs: its logs are read, and its services started anew."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from dcov.context import Context
from dcov.errors import ContainerFailedError, ContainerTakenError, UnknownNameError
from dcov.fleet import Fleet
from dcov.inventory.site import Site
from dcov.runnable import task
from dcov.secret import Masker
from dcov.ssh.scripts import remote
from dcov.stack.component import components_of
from dcov.stack.healthy import Healthy
from dcov.stack.paths import COMPOSE_FILE
from dcov.stack.survey import Survey

SLOW_STOP = 180.0  # seconds: a Prometheus may have much to write before it ends


def known_service(site: Site, *, name: str, here: Collection[str]) -> str:
    """Return the name of a service that the site wants; `here` as in `components_of`.

    Raises UnknownNameError, with the nearest one, for another.
    """
    known = [item.name for item in components_of(site.settings, here=here)]
    if name in known:
        return name
    nearest = tuple(difflib.get_close_matches(name, known, n=1))
    raise UnknownNameError(
        kind="service", name=name, nearest=nearest, known=f"the site has {', '.join(known)}"
    )


def logs(fleet: Fleet, service: str, *, tail: int = 100, follow: bool = False) -> Iterator[str]:
    """Yield the last lines that a service wrote, and what it writes from then on if `follow`.

    Secrets of the site are masked. Raises UnknownNameError for what is no service of the site,
    and EngineRefusedError where it has no container.
    """
    name = known_service(fleet.site, name=service, here=(service,))  # the engine knows if it is
    masker = Masker.of(fleet.site.secrets)
    with fleet.docker as docker:
        for line in docker.logs(name, tail=tail, follow=follow):
            yield masker.text(line)


@task(on="master")
def restart_services(ctx: Context, *, services: list[str] = []) -> None:  # noqa: B006
    """Restart services on the master, and wait until they say that they are well.

    What somebody else made is refused, and nothing is restarted then.

    Parameters:
        services: Their names; all that dcov runs if empty.
    """
    survey = Survey.of(ctx)
    survey.require_engine()
    names = [known_service(ctx.fleet, name=name, here=survey.containers) for name in services]
    for name in names:
        if name not in survey.containers:
            tail = "`dcov quickstart` deploys what is missing"
            raise ContainerFailedError(container=name, state="absent", tail=tail)
        if foreign := survey.foreign(name):
            raise ContainerTakenError(container=name, owner=foreign.owner)
    if not names:
        known = components_of(ctx.fleet.settings, here=survey.containers)
        names = [item.name for item in known if item.name in survey.containers]
        names = [name for name in names if not survey.foreign(name)]
    if not names:
        ctx.skip("none of its containers is here")
    words = ("sh", "-c", remote("compose.sh"), "sh", str(COMPOSE_FILE), "restart", *names)
    ctx.run(words, within=SLOW_STOP, shown=f"docker compose restart {' '.join(names)}")
    ctx.verify(Healthy(containers=tuple(names)), within=120)
    ctx.note(f"restarted {', '.join(names)}")
