"""What may stand in `prometheus.extra_scrape_configs`: jobs of the user's own, and no secret.

What stands there is written into prometheus.yml, which others on the master can read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dcov.config.checks import Fault
from dcov.config.document import Loc
from dcov.config.mask import SECRET_KEY
from dcov.config.scrape_job import check_job

OWN_JOBS = frozenset(
    {
        "dcov", "prometheus", "node", "gpu", "dcgm", "ipmi", "ipmi-monitor", "vastai", "runpod",
        "grafana", "dc-overview", "cryptolabs-proxy",
    }
)  # fmt: skip
PLACE: Loc = ("prometheus", "extra_scrape_configs")
IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]*@")


def check_scrape_configs(data: Any) -> Iterator[Fault]:
    """Find what is wrong with the scrape configs of a configuration."""
    section = data.get(PLACE[0]) if isinstance(data, dict) else None
    configs = section.get(PLACE[1]) if isinstance(section, dict) else None
    first: dict[str, Loc] = {}
    for n, config in enumerate(configs if isinstance(configs, list) else ()):
        if isinstance(config, dict):
            loc = (*PLACE, n)
            yield from _name(config.get("job_name"), loc=loc, first=first)
            yield from check_job(config, loc=loc)
            yield from _secrets(config, loc=loc, key="", within=())


def _name(name: Any, *, loc: Loc, first: dict[str, Loc]) -> Iterator[Fault]:
    if name is None:
        yield Fault(loc=loc, message="job_name is missing")
        return
    at = (*loc, "job_name")
    if not isinstance(name, str):
        yield Fault(loc=at, message="must be text; quote it")
    elif name in OWN_JOBS:
        yield Fault(loc=at, message=f"{name!r} is a job of dcov's own; call yours something else")
    elif name in first:
        yield Fault(loc=at, message=f"two jobs are called {name!r}", other=first[name])
    else:
        first[name] = at


def _secrets(value: Any, *, loc: Loc, key: str, within: tuple[int, ...]) -> Iterator[Fault]:
    if id(value) in within:
        return  # a value that contains itself is named by whoever reads it
    match value:
        case dict():
            for name, inner in value.items():
                yield from _secrets(
                    inner, loc=(*loc, name), key=str(name), within=(*within, id(value))
                )
        case list():
            for n, inner in enumerate(value):
                yield from _secrets(inner, loc=(*loc, n), key=key, within=(*within, id(value)))
        case str() if _holds_secret(key):
            instead = "files" if key == "secrets" else f"{key}_file"
            message = f"no secret may stand here: write `{instead}`, the path of a file with it"
            yield Fault(loc=loc, message=message)
        case str() if IN_URL.search(value):
            message = "no password may stand in a URL: write `basic_auth` with a `password_file`"
            yield Fault(loc=loc, message=message)


def _holds_secret(key: str) -> bool:
    return key == "secrets" or (SECRET_KEY.search(key) is not None and not key.endswith("_file"))
