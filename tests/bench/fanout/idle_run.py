"""dcov: hold connections open and do nothing; prints the CPU that the idling itself took."""

import json
import resource
import sys
import time
from pathlib import Path

from dcov import Fleet
from dcov.engine.options import Options
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


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
with Fleet(site=site, options=Options(workers=spec["workers"])).connected() as fleet:
    report = fleet.sh(spec["command"])
    before = cpu()
    time.sleep(spec["seconds"])
    idle = cpu() - before
    again = fleet.sh(spec["command"])
good = sum(outcome.value.stdout == spec["expect"] for outcome in again.outcomes)
reused = sum(outcome.cost.connections == 0 for outcome in again.outcomes)
print(json.dumps({"good": good, "reused": reused, "core": idle / spec["seconds"]}))
