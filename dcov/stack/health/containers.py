"""Whether every container of the stack is there, runs, and says that it is well."""

from __future__ import annotations

from collections.abc import Iterator

from dcov.context import Context
from dcov.stack.component import COMPONENTS, Component
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
    name = component.name
    if state is None:
        why, hint = _absent(ctx, image=stack.image(component))
    else:
        status, health, exit_code = state
        theirs = stack.survey.foreign(name)
        if (status, health) in WELL:
            why = "somebody else's" if theirs else ""
            return Verdict(layer=Layer.CONTAINERS, subject=name, why=why, server=ctx.name)
        if (status, health) == ("running", "starting"):
            return Verdict(
                layer=Layer.CONTAINERS,
                subject=name,
                level=Level.WARN,
                why="is starting",
                server=ctx.name,
            )
        why = f"is running, and {health}"
        if status != "running":
            why = f"is {status} (exit code {exit_code})"
        hint = f"`dcov logs {name}` tells why"
        hint += "; it is not dcov's" if theirs else f"; `dcov restart {name}` starts it"
    return Verdict(
        layer=Layer.CONTAINERS, subject=name, level=Level.BAD, why=why, hint=hint, server=ctx.name
    )


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
