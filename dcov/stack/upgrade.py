"""New images for the services that run."""

from __future__ import annotations

from dcov.context import Context
from dcov.converge.resource import Resource
from dcov.errors import ImageError
from dcov.resources import CurrentImage
from dcov.stack.component import Component
from dcov.stack.paths import COMPOSE_FILE
from dcov.stack.stack import Stack

PULL_SECONDS = 900.0


def deployed(stack: Stack) -> tuple[Component, ...]:
    """Return the components that dcov runs, and whose containers are there."""
    return tuple(item for item in stack.components if item.name in stack.survey.containers)


def pull(ctx: Context, stack: Stack) -> None:
    """Have the engine ask for each image again; a tag may have moved.

    A plan pulls nothing. Raises ImageError in the engine's own words.
    """
    if ctx.planning:
        ctx.note("whether a tag has moved is seen when this is applied: a plan pulls nothing")
        return
    for image in dict.fromkeys(stack.image(item) for item in deployed(stack)):
        pulled = ctx.run(("docker", "pull", "--quiet", image), within=PULL_SECONDS, check=False)
        if not pulled.ok:
            raise ImageError(image=image, detail=pulled.tail)


def current(stack: Stack) -> tuple[Resource, ...]:
    """Return what makes each service run the image that its name leads to now."""
    return tuple(
        CurrentImage(service=item.name, image=stack.image(item), file=COMPOSE_FILE)
        for item in deployed(stack)
    )
