"""Whether every container of the stack is there, runs, and says that it is well."""

from __future__ import annotations

from collections.abc import Iterator

from dcov.context import Context
from dcov.errors import ContainerTakenError
from dcov.stack.component import COMPONENTS, MAY_BE_OTHERS, Component
from dcov.stack.health.verdict import Layer, Level, Verdict
from dcov.stack.stack import Stack

FORMAT = (
    "{{.Name}}|{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{end}}|"
    "{{.State.ExitCode}}"
)
WELL = {("running", "healthy"), ("running", "")}


def of_containers(ctx: Context, *, stack: Stack) -> Iterator[Verdict]:
    """Yield a verdict for each component that the site wants, whoever runs it."""
    on = (item for item in COMPONENTS if item.on(stack.settings))
    wanted = tuple(dict.fromkeys((*on, *stack.components)))
    names = [item.name for item in wanted]
    said = ctx.run(
        ("docker", "container", "inspect", "--format", FORMAT, *names), reads=True, check=False
    ).stdout
    states = {name: state for name, *state in map(_parts, said.splitlines())}
    for component in wanted:
        yield _verdict(ctx, component, state=states.get(component.name), stack=stack)


def _verdict(
    ctx: Context, component: Component, *, state: list[str] | None, stack: Stack
) -> Verdict:
    level, why, hint = _said(ctx, component, state=state, stack=stack)
    return Verdict(
        layer=Layer.CONTAINERS,
        subject=component.name,
        level=level,
        why=why,
        hint=hint,
        server=ctx.name,
    )


def _said(
    ctx: Context, component: Component, *, state: list[str] | None, stack: Stack
) -> tuple[Level, str, str]:
    """Return how good that is, why, and what to do."""
    name = component.name
    if state is None:
        return (Level.BAD, *_absent(ctx, image=stack.image(component)))
    status, health, exit_code = state
    theirs = stack.survey.foreign(name)
    if component not in MAY_BE_OTHERS and (taken := stack.taken(component)):
        error = ContainerTakenError(container=name, owner=taken.owner)
        return Level.BAD, f"belongs to {taken.owner}", error.remedy
    if (status, health) in WELL:
        return Level.OK, "somebody else's" if theirs else "", ""
    if (status, health) == ("running", "starting"):
        return Level.WARN, "is starting", ""
    why = f"is running, and {health}"
    if status != "running":
        why = f"is {status} (exit code {exit_code})"
    hint = f"`dcov logs {name}` tells why"
    hint += "; it is not dcov's" if theirs else f"; `dcov restart {name}` starts it"
    return Level.BAD, why, hint


def _absent(ctx: Context, *, image: str) -> tuple[str, str]:
    """Say why there is no such container, and what to do."""
    there = ctx.run(
        ("docker", "image", "inspect", "--format", "{{.Id}}", image), reads=True, check=False
    )
    if there.ok:
        return "is not there", "`dcov quickstart` deploys what is missing"
    return (
        f"is not there, nor is its image {image}",
        "name one that the master can get (`images:`), or bring it in; then `dcov quickstart`",
    )


def _parts(line: str) -> list[str]:
    return line.removeprefix("/").split("|")
