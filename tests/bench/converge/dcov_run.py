"""dcov: converge, in one group."""

import json
import sys
from pathlib import Path, PurePosixPath

from wanted import Wanted

from dcov import Context, Fleet, task
from dcov.engine.options import Options
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site
from dcov.resources import Binary, Directory, File, User

spec = json.loads(Path(sys.argv[1]).read_text())
wanted = {w.name: w for w in (Wanted.of(n, folder=spec["folder"]) for n in spec["numbers"])}


@task(on="all")
def converge(ctx: Context) -> None:
    """Bring the benchmark's set about."""
    want = wanted[ctx.name]
    folder = PurePosixPath(want.folder)
    ctx.ensure(
        User(name=want.user),
        Directory(path=folder),
        Binary(path=folder / "exporter", source=Path(spec["binary"]), sha256=spec["sha256"]),
        File(path=folder / "exporter.service", content=want.unit),
        File(path=folder / "exporter.yml", content=want.config),
    )


entries = [
    Entry(
        name=host["name"],
        login=Login(
            address=host["address"], port=spec["port"], user="root", key_path=Path(spec["key"])
        ),
    )
    for host in spec["hosts"]
]
site = Site.of(*entries, path=Path(spec["known_hosts"]).parent)
report = Fleet(site=site, options=Options(workers=spec["workers"])).run(converge)
print(json.dumps({"changed": len(report.changed), "good": len(report) - len(report.failures)}))
if report.failures:
    print([str(o.error) for o in report.failures][:3], file=sys.stderr)
