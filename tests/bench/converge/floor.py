"""The floor: a bare loop over dcov's own session, doing the round trips of a no-change run."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from wanted import Wanted

from dcov.cancel import Cancel
from dcov.converge.group import probe_script, read_answers
from dcov.engine.options import Options
from dcov.engine.scope import open_links
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site
from dcov.resources import Binary, Directory, File, User
from dcov.secret import Masker
from dcov.ssh.session import SshSession

spec = json.loads(Path(sys.argv[1]).read_text())
wanted = {w.name: w for w in (Wanted.of(n, folder=spec["folder"]) for n in spec["numbers"])}
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
cancel = Cancel()
links = open_links(site, options=Options(), cancel=cancel)


def run(entry: Entry) -> int:
    """Connect, ask once, close; how many resources would change."""
    want, folder = wanted[entry.name], PurePosixPath(wanted[entry.name].folder)
    resources = (
        User(name=want.user),
        Directory(path=folder),
        Binary(path=folder / "exporter", source=Path(spec["binary"]), sha256=spec["sha256"]),
        File(path=folder / "exporter.service", content=want.unit),
        File(path=folder / "exporter.yml", content=want.config),
    )
    session = SshSession(entry, links=links, masker=Masker(), cancel=cancel)
    got: list[bytes] = []
    session.run(probe_script(resources, mark="m"), within=60, reads=True, sink=got.append)
    session.close()
    answers = read_answers(b"".join(got), resources=resources, mark="m", masker=Masker())
    return len(answers.needed)


with ThreadPoolExecutor(spec["workers"]) as pool:
    needed = list(pool.map(run, entries))
print(json.dumps({"changed": sum(map(bool, needed)), "good": len(needed)}))
