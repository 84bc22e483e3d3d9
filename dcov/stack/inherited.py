"""What an older DC Overview's prometheus.yml has of the operator's own: it is kept.

The product's jobs and its rule file go: dcov scrapes the same exporters under names of its own, and
ships the same records. A job is known to be the product's by its name and its targets together, so
one that somebody changed stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from dcov.config.source import decoded
from dcov.context import Context
from dcov.errors import ConfigError
from dcov.inventory.site import Site
from dcov.monitoring import rules as shipped_rules
from dcov.rendering import Templates
from dcov.stack.survey import Container

INSIDE = PurePosixPath("/etc/prometheus")
CONFIG = INSIDE / "prometheus.yml"
RULES = "rules"  # the folder beside prometheus.yml from which dcov's own are read
RULES_LINE = f"{RULES}/*.yml"
OWN_JOBS: Mapping[str, frozenset[str]] = {
    "prometheus": frozenset({"prometheus:9090", "localhost:9090"}),
    "master": frozenset({"host.docker.internal:9100", "host.docker.internal:9835"}),
    "vastai": frozenset({"host.docker.internal:8622", "vastai-exporter:8622"}),
    "runpod": frozenset({"host.docker.internal:8623", "runpod-exporter:8623"}),
    "ipmi-monitor": frozenset({"ipmi-monitor:5000"}),
}
WORKER_PORTS = (9100, 9835, 9400, 9878)
DISCOVERY = "http://dc-overview:5001/"  # where the product's Prometheus asked for targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """The operator's part of a prometheus.yml; `dropped` and `kept` are names of jobs.

    `rules` are the rule files by the name that they get in dcov's folder of rules.
    """

    text: str
    dropped: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)


def host_path(container: Container, inside: PurePosixPath) -> PurePosixPath | None:
    """Return where a file of a container lies on the machine; None where it is its image's own."""
    mounts = sorted(container.mounts, key=lambda item: len(item.inside), reverse=True)
    for mount in mounts:
        if inside.is_relative_to(mount.inside):
            return PurePosixPath(mount.source) / inside.relative_to(mount.inside)
    return None


def rule_paths(text: str, *, file: str) -> tuple[PurePosixPath, ...]:
    """Return the rule files that a prometheus.yml names, as the container sees them."""
    named = _read(text, file=file).get("rule_files") or ()
    return tuple(INSIDE / str(name) for name in named if str(name) != RULES_LINE)


def older_files(ctx: Context, older: Container) -> tuple[str, dict[str, str]]:
    """Return the configuration that an older product's Prometheus reads, and its rule files.

    Empty where it reads what its image has.
    """
    path = host_path(older, CONFIG)
    text = None if path is None else text_of(ctx, path)
    if text is None:
        return "", {}
    found = {
        name: content
        for inside in rule_paths(text, file=str(path))
        for name in _named(ctx, host_path(older, inside))
        if (content := text_of(ctx, PurePosixPath(name))) is not None
    }
    return text, found


def text_of(ctx: Context, path: PurePosixPath) -> str | None:
    """Return the text of a file of the server, None where there is none."""
    text: list[bytes] = []
    found = ctx.run(("cat", "--", str(path)), reads=True, check=False, sink=text.append)
    return decoded(b"".join(text), file=Path(path)) if found.ok else None


def shipped_records(templates: Templates) -> frozenset[str]:
    """Return the names of the records that dcov gives to Prometheus itself."""
    shipped = [yaml.safe_load(content) for content in shipped_rules(templates).values()]
    return frozenset(
        rule["record"]
        for content in shipped
        for group in content["groups"]
        for rule in group["rules"]
        if "record" in rule
    )


def _named(ctx: Context, pattern: PurePosixPath | None) -> list[str]:
    """Return the files of the machine that a pattern names: only its last part may be one."""
    if pattern is None:
        return []
    words = ("find", "-L", str(pattern.parent), "-maxdepth", "1", "-type", "f")
    found = ctx.run((*words, "-name", pattern.name), reads=True, check=False)
    return sorted(found.stdout.splitlines())


def inherit(
    text: str, *, site: Site, rules: Mapping[str, str], records: Iterable[str], file: str
) -> Inherited:
    """Return what of a prometheus.yml is the operator's, to be followed by dcov's own jobs.

    `rules` are the contents of its rule files by name, `records` the names that dcov ships itself.
    Raises ConfigError for what is no configuration of Prometheus.
    """
    data = _read(text, file=file)
    jobs = [job for job in data.get("scrape_configs") or () if isinstance(job, dict)]
    dropped = [job for job in jobs if _is_the_products(job, site=site)]
    own_text = _without_jobs(text, jobs=dropped, file=file)
    own = {
        f"adopted-{PurePosixPath(name).name}": left
        for name, content in rules.items()
        if (left := _own_rules(content, records=frozenset(records), file=name))
    }
    return Inherited(
        text=_with_rules(own_text),
        dropped=tuple(str(job.get("job_name")) for job in dropped),
        kept=tuple(str(job.get("job_name")) for job in jobs if job not in dropped),
        rules=own,
    )


def _is_the_products(job: Mapping[str, Any], *, site: Site) -> bool:
    name = str(job.get("job_name"))
    if name == "dc-managed":
        asked = [str(item.get("url", "")) for item in job.get("http_sd_configs") or ()]
        return bool(asked) and all(url.startswith(DISCOVERY) for url in asked)
    targets = {
        str(target)
        for group in job.get("static_configs") or ()
        for target in group.get("targets") or ()
    }
    known = OWN_JOBS.get(name, frozenset())
    if name in site.entries:
        address = site.entries[name].scrape_address
        known |= {f"{address}:{port}" for port in WORKER_PORTS}
    return bool(targets) and targets <= known


def _without_jobs(text: str, *, jobs: list[dict[str, Any]], file: str) -> str:
    """Take whole items out of `scrape_configs`; a comment above the next one stays with that.

    Raises ConfigError where they are written so that this cannot be done by lines.
    """
    if not jobs:
        return text
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    lines = text.splitlines(keepends=True)
    assert isinstance(root, yaml.MappingNode)  # it has been read
    names = {str(job.get("job_name")) for job in jobs}
    for key, value in root.value:
        if key.value != "scrape_configs" or not isinstance(value, yaml.SequenceNode):
            continue
        if value.flow_style:
            break
        starts = [item.start_mark.line for item in value.value]
        ends = [*starts[1:], _end(lines, value)]
        for item, start, end in reversed(list(zip(value.value, starts, ends, strict=True))):
            if _name(item) in names:
                del lines[start : _last(lines, start=start, end=end)]
    left = "".join(lines)
    wanted = [job for job in _read(text, file=file)["scrape_configs"] if job not in jobs]
    try:
        done = (_read(left, file=file).get("scrape_configs") or []) == wanted
    except ConfigError:
        done = False
    if not done:
        said = f"take out the jobs {', '.join(sorted(names))} by hand: dcov cannot do it safely"
        raise _refused(file, line=1, message=said)
    return left


def _end(lines: list[str], value: yaml.Node) -> int:
    """Return the line after the last one that a block says anything in."""
    end = min(value.end_mark.line, len(lines))
    if value.end_mark.column > 0 and end < len(lines):
        end += 1
    return end


def _last(lines: list[str], *, start: int, end: int) -> int:
    """Return where a block ends without the comments and empty lines that follow it."""
    return max(
        (n + 1 for n in range(start, end) if lines[n].strip() and lines[n].lstrip()[0] != "#"),
        default=start + 1,
    )


def _name(item: yaml.Node) -> str:
    pairs = item.value if isinstance(item, yaml.MappingNode) else ()
    return next((str(value.value) for key, value in pairs if key.value == "job_name"), "")


def _with_rules(text: str) -> str:
    """Have the rules be read from dcov's folder, where the operator's are put as well."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    lines = text.splitlines(keepends=True)
    block = f"rule_files:\n  - {RULES_LINE}\n"
    assert isinstance(root, yaml.MappingNode)
    for key, value in root.value:
        if key.value == "rule_files":
            start = key.start_mark.line
            lines[start : _last(lines, start=start, end=_end(lines, value))] = [block]
            return "".join(lines)
    return f"{block}\n{text}"


def _own_rules(content: str, *, records: frozenset[str], file: str) -> str:
    """Return a rule file without the records that dcov ships; nothing where it has no others."""
    groups = _read(content, file=file).get("groups") or []
    left = [
        {**group, "rules": rules}
        for group in groups
        if (rules := [rule for rule in group["rules"] if rule.get("record") not in records])
    ]
    if not left:
        return ""
    if [len(group["rules"]) for group in left] == [len(group["rules"]) for group in groups]:
        return content
    return yaml.safe_dump({"groups": left}, sort_keys=False, width=1000)


def _read(text: str, *, file: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refused(file, line=line, message=str(error.problem)) from None
    if not isinstance(data, dict):
        raise _refused(file, line=1, message="not a mapping")
    return data


def _refused(file: str, *, line: int, message: str) -> ConfigError:
    return ConfigError.about(message, line=line, column=1, key=file)
