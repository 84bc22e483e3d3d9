"""quickstart over the lab's five servers: how long it takes, and where the time goes."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from measure import Run, run

HERE = Path(__file__).parent
SERVERS = ("master", "gpu-01", "gpu-02", "gpu-03", "gpu-04")
AIMS = (90, 10)  # seconds: from blank servers, and where nothing is to be done
REST = "start and end of the program"
ALL = "all of it"
HEALTHY = 6  # containers


def measured(*, rounds: int) -> list[str]:
    """Deploy a blank lab, then deploy it again; return the section of the page."""
    sys.path.append(str(HERE.parent))
    from fleetlab import Lab

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(f"bench-{os.getpid()}", state=Path(folder) / "lab")
        try:
            lab.up()
            first = []
            for number in range(max(1, rounds // 2)):
                _blank(lab)
                cold = Path(folder) / f"cache-{number}"
                first.append(_deployed(lab, cache=cold, changed=len(SERVERS)))
            again = [_deployed(lab, cache=cold, changed=0) for _ in range(rounds)]
        finally:
            lab.down()
    return _section(first, again, load=load)


def _blank(lab: Any) -> None:
    with ThreadPoolExecutor(len(SERVERS)) as pool:
        list(pool.map(lambda name: lab.server(name).reset(), SERVERS))


def _deployed(lab: Any, *, cache: Path, changed: int) -> Run:
    """Run it as a process of its own, then look whether the services are well."""
    done = run(
        [sys.executable, str(HERE / "whole_site" / "dcov_run.py"), str(lab.config)],
        expect={"good": len(SERVERS), "steps": 9, "changed": changed},
        watchdog=600,
        env={"XDG_CACHE_HOME": str(cache), "XDG_STATE_HOME": str(cache / "state")},
    )
    listed = lab.server("master").exec(["docker", "ps", "--filter", "health=healthy", "-q"])
    if len(listed.stdout.split()) != HEALTHY:
        raise SystemExit(f"not {HEALTHY} containers are healthy:\n{listed.stdout}")
    kind = "from blank servers" if changed else "no change"
    print(f"  {kind}: {done.wall:.1f} s, {done.cpu:.1f} s CPU", flush=True)
    seconds = done.said["seconds"]
    rest = done.wall - sum(seconds.values())
    return replace(done, said={"seconds": {**seconds, REST: rest, ALL: done.wall}})


def _section(first: Sequence[Run], again: Sequence[Run], *, load: float) -> list[str]:
    whole, nothing = _medians(first), _medians(again)
    rows = [f"| {step} | {whole[step]:.1f} | {nothing[step]:.1f} |\n" for step in whole]
    return [
        "## quickstart: a master and four workers\n\n",
        f"On the lab: five servers in containers that share the {os.cpu_count()} cores with dcov. "
        "Images lie in a registry beside them, Debian's packages in the master's apt cache; "
        "node_exporter is fetched from the lab's mirror. Medians of "
        f"{len(first)} runs from blank servers and of {len(again)} without a change, each a "
        f"process of its own; the load average was {load:.1f} before them.\n\n",
        "| step | from blank servers, s | no change, s |\n|---|---|---|\n",
        *rows,
        f"\nAim: {AIMS[0]} s and {AIMS[1]} s.\n",
    ]


def _medians(runs: Sequence[Run]) -> dict[str, float]:
    """Return the median of each step by itself, so that they need not add up."""
    names = runs[0].said["seconds"]
    return {name: statistics.median(item.said["seconds"][name] for item in runs) for name in names}
