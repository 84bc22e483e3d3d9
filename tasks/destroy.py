"""From a monitored site back to what it was."""

from __future__ import annotations

from dcov import Step, Workflow
from dcov.tasks.destroy_stack import destroy_stack
from dcov.tasks.remove_exporters import remove_exporters


def destroy(*, volumes: bool = False, exporters: bool = False) -> Workflow:
    """Return the workflow that removes the stack and the master's own exporters.

    With `exporters` the workers' go, too; with `volumes` the stack's data.
    """
    return Workflow(
        name="destroy",
        summary="Remove what dcov made: the stack on the master, and exporters.",
        steps=(
            Step(task=remove_exporters, on="all" if exporters else "master"),
            Step(task=destroy_stack, params={"volumes": volumes}),
        ),
    )
