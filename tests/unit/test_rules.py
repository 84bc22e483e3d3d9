"""What the recording rules make of what exporters say, by Prometheus' own word.

The cases lie in rules/ as files of `promtool test rules`; each begins with what it promises.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from native_prometheus import program

from dcov.monitoring import rules
from dcov.stack import Templates

CASES = sorted((Path(__file__).parent / "rules").glob("*.yml"))
GPU = [
    "core_temp:celsius",
    "hotspot_temp:celsius",
    "memory_temp:celsius",
    "power_usage:watts",
    "utilization:percent",
    "fan_speed:percent",
    "sm_clock:mhz",
    "mem_clock:mhz",
    "fb_used:mb",
    "fb_free:mb",
    "memory_used:bytes",
    "memory_free:bytes",
    "throttle_reason:bool",
    "aer_errors:total",
    "error_state:status",
    "state:value",
    "vm_count:total",
]
FLEET = [
    "gpu_count:total",
    "gpu_count_pcie:total",
    "gpu_count_vm:total",
    "memory_temp:avg_celsius",
    "hotspot_temp:max_celsius",
    "power_usage:total_watts",
    "utilization:avg_percent",
]
CONTRACT = {f"gpu:{name}" for name in GPU} | {f"fleet:{name}" for name in FLEET}
CONTRACT |= {"job:cpu_busy:ratio5m"}


def records(text: str) -> list[str]:
    return [rule["record"] for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    for name, text in rules(Templates()).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def ran(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, argv)), check=False, capture_output=True, text=True)


def test_promtool_accepts_the_rules(written: Path) -> None:
    done = ran(program("promtool"), "check", "rules", "--lint=all", *written.iterdir())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_records_say_what_the_case_promises(case: Path) -> None:
    done = ran(program("promtool"), "test", "rules", case)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_names_of_the_contract_are_all_there() -> None:
    """25, in a file of their own, so that it can also be given to another Prometheus."""
    found = records(rules(Templates())["dcov-recording.yml"])
    assert len(found) == len(set(found)) == 25
    assert set(found) == CONTRACT


def test_no_record_is_made_twice_and_each_is_explained() -> None:
    found = [name for text in rules(Templates()).values() for name in records(text)]
    assert len(found) == len(set(found))
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    assert {name for name in found if f"`{name}`" not in page} == set()


def test_every_record_is_shown_in_a_case() -> None:
    text = "\n".join(case.read_text() for case in CASES)
    found = [name for text in rules(Templates()).values() for name in records(text)]
    assert [name for name in found if not re.search(rf"\b{name}\b", text)] == []


def test_a_projects_own_rules_take_the_place_of_ours(tmp_path: Path) -> None:
    own = tmp_path / "prometheus" / "rules" / "dcov-hosts.yml"
    own.parent.mkdir(parents=True)
    own.write_text("groups: []\n")
    found = rules(Templates(tmp_path))
    assert found["dcov-hosts.yml"] == "groups: []\n"
    assert records(found["dcov-recording.yml"])
