"""dcov: one command on every server."""

import json
import sys
from pathlib import Path

from dcov import Fleet
from dcov.engine.options import Options
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site

spec = json.loads(Path(sys.argv[1]).read_text())
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
options = {"workers": spec["workers"]}
if "batch" in spec:
    options["batch"] = spec["batch"]
fleet = Fleet(site=site, options=Options(**options))
good = 0
for outcome in fleet.sh(spec["command"]).outcomes:
    good += outcome.value is not None and outcome.value.stdout == spec["expect"]
print(json.dumps({"good": good}))
