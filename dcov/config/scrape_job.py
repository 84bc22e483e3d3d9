"""What a job of `extra_scrape_configs` must look like.

Prometheus refuses its whole configuration for one wrong key, and can say so only once the master
has got it. Files and names that the master alone knows are left to Prometheus' own checker there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dcov.config.checks import Fault
from dcov.config.document import Loc
from dcov.config.fields import kind_of

UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
DURATION = re.compile("".join(f"([0-9]+{unit})?" for unit in UNITS))
PART = re.compile(r"([0-9]+)(ms|[ywdhms])")
NEEDS_LABEL = frozenset({"replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"})
ACTIONS = NEEDS_LABEL | {"keep", "drop", "labelmap", "labeldrop", "labelkeep"}
LOGINS = ("basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file")
DISCOVERY = "_sd_configs"  # how the lists of every kind of discovery are called at their end


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of value, as messages call it.

    `word` are texts and numbers of a certain form. `each` is what stands in a list or under every
    key of a mapping, `keys` what may stand under which.
    """

    called: str
    fits: Callable[[Any], bool]
    word: bool = False
    each: Kind | None = None
    keys: Mapping[str, Kind] | None = None


def seconds(value: object) -> float | None:
    """Return how long one of Prometheus' durations is; None for what is none."""
    text = str(value)
    if text == "0":
        return 0.0
    if not text or not DURATION.fullmatch(text):
        return None
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def _is_text(value: object) -> bool:
    return value is not None and not isinstance(value, (dict, list))  # 5 is as good as "5"


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _mapping(*groups: Mapping[str, Kind], each: Kind | None = None) -> Kind:
    keys = {name: kind for group in groups for name, kind in group.items()} if groups else None
    return Kind(called="a mapping (`key: value`)", fits=_is_mapping, keys=keys, each=each)


def _list(of: Kind | None = None) -> Kind:
    return Kind(called="a list (`- item`)", fits=_is_list, each=of)


def _all(kind: Kind, names: str) -> Mapping[str, Kind]:
    return dict.fromkeys(names.split(), kind)


ANY = Kind(called="anything", fits=lambda _: True)
TEXT = Kind(called="text", fits=_is_text)
FLAG = Kind(called="true or false", fits=lambda value: isinstance(value, bool))
COUNT = Kind(
    called="a whole number, 0 or more",
    fits=lambda value: type(value) is int and value >= 0,
    word=True,
)
FACTOR = Kind(called="a number", fits=lambda value: type(value) in (int, float), word=True)
SPAN = Kind(
    called="a duration such as 30s or 1m30s",
    fits=lambda value: seconds(value) is not None,
    word=True,
)
SCHEME = Kind(called="http or https", fits=lambda value: value in ("http", "https"), word=True)
ACTION = Kind(
    called=f"one of {', '.join(sorted(ACTIONS))}",
    fits=lambda value: str(value).lower() in ACTIONS,
    word=True,
)
BASIC_AUTH = _mapping(
    _all(TEXT, "username username_file username_ref password password_file password_ref")
)
AUTHORIZATION = _mapping(_all(TEXT, "type credentials credentials_file credentials_ref"))
TLS = _mapping(
    _all(TEXT, "ca ca_file ca_ref cert cert_file cert_ref key key_file key_ref server_name"),
    _all(TEXT, "min_version max_version"),
    _all(FLAG, "insecure_skip_verify"),
)
RELABEL = _mapping(
    _all(_list(TEXT), "source_labels"),
    _all(TEXT, "separator regex target_label replacement"),
    _all(COUNT, "modulus"),
    _all(ACTION, "action"),
)
STATIC = _mapping(_all(_list(TEXT), "targets"), _all(_mapping(each=TEXT), "labels"))
JOB = _mapping(
    _all(ANY, "job_name"),
    _all(TEXT, "metrics_path scrape_failure_log_file body_size_limit fallback_scrape_protocol"),
    _all(TEXT, "metric_name_validation_scheme metric_name_escaping_scheme"),
    _all(TEXT, "bearer_token bearer_token_file proxy_url no_proxy"),
    _all(SCHEME, "scheme"),
    _all(SPAN, "scrape_interval scrape_timeout"),
    _all(FLAG, "honor_labels honor_timestamps track_timestamps_staleness enable_compression"),
    _all(FLAG, "scrape_classic_histograms always_scrape_classic_histograms extra_scrape_metrics"),
    _all(FLAG, "convert_classic_histograms_to_nhcb scrape_native_histograms"),
    _all(FLAG, "follow_redirects enable_http2 proxy_from_environment"),
    _all(COUNT, "sample_limit target_limit label_limit label_name_length_limit"),
    _all(COUNT, "label_value_length_limit native_histogram_bucket_limit keep_dropped_targets"),
    _all(FACTOR, "native_histogram_min_bucket_factor"),
    _all(_list(TEXT), "scrape_protocols"),
    _all(_mapping(each=_list(TEXT)), "params proxy_connect_header"),
    _all(_mapping(each=_mapping(_all(_list(TEXT), "values secrets files"))), "http_headers"),
    _all(BASIC_AUTH, "basic_auth"),
    _all(AUTHORIZATION, "authorization"),
    _all(_mapping(), "oauth2"),
    _all(TLS, "tls_config"),
    _all(_list(RELABEL), "relabel_configs metric_relabel_configs"),
    _all(_list(STATIC), "static_configs"),
)


def check_job(job: Mapping[str, Any], *, loc: Loc) -> Iterator[Fault]:
    """Find what Prometheus would not take of a job at this place."""
    yield from _walk(job, kind=JOB, loc=loc)
    yield from _logins(job, loc=loc)
    yield from _times(job, loc=loc)
    for key in ("relabel_configs", "metric_relabel_configs"):
        for n, rule in _mappings(job.get(key)):
            yield from _rule(rule, loc=(*loc, key, n))
    if not job.get("relabel_configs"):  # they may make an address of anything
        yield from _addresses(job, loc=loc)


def _walk(value: Any, *, kind: Kind, loc: Loc) -> Iterator[Fault]:
    if not kind.fits(value):
        found = "" if kind.word else f", not {kind_of(value)}"
        yield Fault(loc=loc, message=f"must be {kind.called}{found}")
        return
    if kind.each is not None:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _walk(inner, kind=kind.each, loc=(*loc, key))
    elif kind.keys is not None:
        for key, inner in value.items():
            wanted = _under(key, keys=kind.keys)
            if wanted is None:
                yield Fault(loc=(*loc, key), message=_unknown(key, keys=kind.keys), at_key=True)
            else:
                yield from _walk(inner, kind=wanted, loc=(*loc, key))


def _under(key: str, *, keys: Mapping[str, Kind]) -> Kind | None:
    if "static_configs" in keys and key.endswith(DISCOVERY):
        return _list(_mapping())
    return keys.get(key)


def _unknown(key: str, *, keys: Mapping[str, Kind]) -> str:
    close = difflib.get_close_matches(key, keys, n=1)
    if close:
        return f"Prometheus knows no such key; did you mean {close[0]}?"
    return "Prometheus knows no such key; a newer one belongs into prometheus.yml on the master"


def _logins(job: Mapping[str, Any], *, loc: Loc) -> Iterator[Fault]:
    given = [key for key in job if key in LOGINS]
    for key in given[1:]:
        message = f"a job logs in one way, and {given[0]} is there already"
        yield Fault(loc=(*loc, key), message=message, at_key=True)


def _times(job: Mapping[str, Any], *, loc: Loc) -> Iterator[Fault]:
    interval, timeout = (seconds(job.get(f"scrape_{key}", "")) for key in ("interval", "timeout"))
    if interval and timeout and timeout > interval:
        yield Fault(loc=(*loc, "scrape_timeout"), message="must not be longer than scrape_interval")


def _rule(rule: Mapping[str, Any], *, loc: Loc) -> Iterator[Fault]:
    action = str(rule.get("action", "replace")).lower()
    if action in NEEDS_LABEL and "target_label" not in rule:
        yield Fault(loc=loc, message=f"target_label is missing: {action} needs one")
    if action == "hashmod" and not rule.get("modulus"):
        yield Fault(loc=loc, message="modulus is missing: hashmod needs one")


def _addresses(job: Mapping[str, Any], *, loc: Loc) -> Iterator[Fault]:
    for n, config in _mappings(job.get("static_configs")):
        targets = config.get("targets")
        for m, target in enumerate(targets if isinstance(targets, list) else ()):
            if isinstance(target, str) and "/" in target:
                yield Fault(
                    loc=(*loc, "static_configs", n, "targets", m),
                    message="must be host:port alone; write `scheme` and `metrics_path` apart",
                )


def _mappings(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield those items of a list that are mappings, and where each stands."""
    for n, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield n, item
