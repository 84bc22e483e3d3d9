"""A task of your own: publish each server's labels as a metric of node_exporter.

Put this file into `tasks/` beside your fleet-config.yaml, and it is a command:

    dcov plan publish-labels
    dcov run publish-labels --limit 'gpu-*'

It runs as a script, too: python examples/own_task.py [fleet-config.yaml]
"""

import sys
from pathlib import PurePosixPath

from dcov import Context, Fleet, task
from dcov.errors import DcovError
from dcov.resources import Directory, File


class Published:
    """The file can be read by everybody, as node_exporter is nobody special."""

    def __init__(self, file: PurePosixPath) -> None:
        self.name = f"{file} cannot be read"
        self.file = file

    def look(self, ctx: Context) -> str:
        """Return what is wrong; an empty text is good news."""
        mode = ctx.run(("stat", "-c", "%a", "--", str(self.file)), reads=True).stdout.strip()
        return "" if mode.endswith(("4", "5", "6", "7")) else f"its mode is {mode}"

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Know no cause better than what was seen."""
        del ctx, seen
        return None


@task(on="workers")
def publish_labels(ctx: Context, *, folder: str = "/var/lib/node_exporter") -> None:
    """Write the server's labels to a file that node_exporter's textfile collector reads.

    Servers without labels are skipped.

    Parameters:
        folder: What --collector.textfile.directory says.
    """
    if not ctx.server.labels:
        ctx.skip("it has no labels")
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(ctx.server.labels.items()))
    file = PurePosixPath(folder) / f"{ctx.name}.prom"
    ctx.ensure(
        Directory(path=file.parent),
        File(path=file, content=f"server_info{{{labels}}} 1\n"),
    )
    ctx.verify(Published(file), within=5)


def main(config: str | None = None) -> int:
    """Run it on all workers and print the outcomes."""
    report = Fleet.load(config).run(publish_labels)
    for outcome in report.outcomes:
        print(f"{outcome.server}: {outcome.status} {outcome.why}".rstrip())
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
