"""What a deploy leaves on its master of the site's own files."""

from __future__ import annotations

from dcov.context import Context
from dcov.deployed import INNER, KEPT, NAMES, claim_site, has_copy, is_claimed
from dcov.runnable import task
from dcov.stack.ledger import Ledger
from dcov.stack.paths import HOME
from dcov.stack.stack import Stack

WRITTEN = (
    f"{HOME}/",
    f"{HOME / INNER}/",
    *(str(HOME / INNER / name) for name in NAMES),
    *(str(HOME / name) for name in NAMES),
    *(f"{HOME / name}{KEPT}" for name in NAMES),
)


def claim(ctx: Context, stack: Stack) -> None:
    """Have the master keep the site as it was deployed just now; where it does, nothing is asked.

    What is written stays where the task that calls this fails later on.
    """
    if not is_claimed(ctx.fleet, seen=stack.survey.site):
        keep_site(ctx, first=not stack.survey.site_is_placed)


@task(on="master")
def keep_site(ctx: Context, *, first: bool) -> None:
    """Write the site on the master, for the `first` time with a record of what was there before.

    Where dcov runs on the master, the file there is the operator's own, and no record is kept: it
    outlives the stack.
    """
    if first and has_copy(ctx.fleet):
        ctx.ensure(Ledger(paths=WRITTEN))
    claim_site(ctx)
