"""What is done about a component that was switched off: dcov takes away what it made of it."""

from __future__ import annotations

from dcov.context import Context
from dcov.deployed import check_site
from dcov.stack.blueprint import Blueprint
from dcov.stack.component import PROXY
from dcov.stack.ledger import recorded
from dcov.stack.proxy.family import no_routes
from dcov.stack.stack import Stack
from dcov.stack.survey import Survey
from dcov.stack.truth import claim


def withdraw(ctx: Context, blueprint: Blueprint, *, why: str) -> None:
    """Remove what dcov made of components that are off; skip the task, with this reason, otherwise.

    A task calls it in place of its own work, when none of its components is on. Raises what
    `Blueprint.to_deploy` does; where no engine answers nothing is removed.
    """
    survey = Survey.settled(ctx)
    stack = Stack(site=blueprint.site, survey=survey, templates=blueprint.templates)
    routes = () if PROXY.on(stack.settings) else no_routes(ctx, survey=survey)
    if not survey.engine or not ctx.differs(*routes, *stack.former()):
        ctx.skip(why)
    check_site(ctx, seen=survey.site)
    ctx.ensure(*routes, *recorded(*stack.foundation()))
    say_withdrawn(ctx, stack)
    claim(ctx, stack)


def say_withdrawn(ctx: Context, stack: Stack) -> None:
    """Name what was removed with the foundation of this stack, and what stays of it."""
    for item in stack.withdrawn:
        volume = item.volume_of(stack.settings)
        kept = f"; its volume {volume} stays" if volume else ""
        ctx.note(f"removed {item.name}: the site has it no more{kept}")
