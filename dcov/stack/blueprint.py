"""What the tasks of the stack prepare once: the site with its passwords, and the templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from dcov.config.settings import Settings
from dcov.context import Context, Preparing
from dcov.deployed import check_site
from dcov.inventory.site import Site
from dcov.rendering import Templates
from dcov.stack.component import IPMI_MONITOR
from dcov.stack.passwords import with_passwords
from dcov.stack.stack import Stack
from dcov.stack.survey import Survey

FOLDER = "templates"  # a site's own, beside its configuration


def needed_passwords(settings: Settings) -> tuple[str, ...]:
    """Return the keys of `.secrets.yaml` without which an image would fall back to a default."""
    ipmi = ("ipmi_monitor_password",) if IPMI_MONITOR.on(settings) else ()
    return ("fleet_admin_pass", "grafana_password", *ipmi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """The site, complete with passwords, and the templates from which its stack is made."""

    site: Site
    templates: Templates

    @classmethod
    def prepare(cls, preparing: Preparing, **_: Any) -> Self:
        """Take the site as it is."""
        return cls._of(preparing.fleet)

    @classmethod
    def complete(cls, preparing: Preparing, **_: Any) -> Self:
        """Make up the passwords that are missing; see `with_passwords`."""
        return cls._of(with_passwords(preparing, *needed_passwords(preparing.fleet.settings)))

    @classmethod
    def _of(cls, site: Site) -> Self:
        return cls(site=site, templates=Templates(site.folder / FOLDER))

    def stack(self, ctx: Context) -> Stack:
        """Look at the master, and return what is to run there.

        Raises EngineError where there is no engine; not in a plan, in which an earlier step would
        have installed it.
        """
        return self._stack(ctx, survey=Survey.of(ctx))

    def to_deploy(self, ctx: Context) -> Stack:
        """Return the same to a task that deploys it, and that calls `claim` when it has.

        What a dead run left is taken back first. Raises SiteMovedError where somebody else has
        changed the site on the master since, LockedError while somebody changes the master.
        """
        stack = self._stack(ctx, survey=Survey.settled(ctx))
        check_site(ctx, seen=stack.survey.site)
        return stack

    def _stack(self, ctx: Context, *, survey: Survey) -> Stack:
        if not ctx.planning:
            survey.require_engine()
        return Stack(site=self.site, survey=survey, templates=self.templates)
