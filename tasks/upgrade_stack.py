"""Bring the services on the master to their newest images, with a way back."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import Blueprint, Healthy, claim, on_engine, recorded, upgrade


@task(on="master", prepare=Blueprint.complete)
@on_engine
def upgrade_stack(ctx: Context, *, pull: bool = True) -> None:
    """Run the images that the site names: pull, make containers anew, and see that they are well.

    `images:` names them, dcov's own pins do where it does not; a tag that moved is followed. When
    one does not become healthy within two minutes all former images run again, data untouched.

    Parameters:
        pull: Ask the registry; otherwise what the engine has under these names is taken.
    """
    blueprint: Blueprint = ctx.prepared
    stack = blueprint.to_deploy(ctx)
    components = upgrade.deployed(stack)
    if not components:
        ctx.skip("nothing is deployed here; `dcov quickstart` does that")
    if pull:
        upgrade.pull(ctx, stack)
    changes = ctx.ensure(
        *stack.images(*components),
        *recorded(*stack.foundation()),
        *stack.services(*components),
        *upgrade.current(stack),
    )
    for change in changes:
        if change.needed and change.resource.startswith("image-of:"):
            former, new = (line[1:] for line in change.diff)
            ctx.note(f"{change.resource.removeprefix('image-of:')}: {former} -> {new}")
    ctx.verify(Healthy(containers=tuple(item.name for item in components)), within=120)
    claim(ctx, stack)
