"""A site's own task in place of a shipped one: every command runs it, wherever it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dcov import Fleet
from dcov.discovery import find_tasks
from dcov.errors import ConfigError
from dcov.tasks import check_servers, import_dashboards, upgrade_stack

MINE = '''
from dcov import Context, task
from dcov.tasks import check_servers


@task(on="workers", replaces="check-servers")
def check_mine(ctx: Context, *, shipped: bool = False) -> str:
    """Look in our own way, or in dcov's as well."""
    if shipped:
        return f"mine, on {check_servers(ctx).arch}"
    return "mine"


@task(on="all")
def look_twice(ctx: Context) -> str:
    """Call the shipped one by its name."""
    return f"{check_servers(ctx)} and {check_servers(ctx)}"


@task(on="workers", replaces="import-dashboards")
def no_dashboards(ctx: Context) -> str:
    """Be for workers, where the shipped one is for the master."""
    return f"none on {ctx.name}"


@task(on="master", replaces="upgrade-stack")
def upgrade_mine(ctx: Context, *, pull: bool = True, twice: bool = False) -> str:
    """Upgrade in our own way."""
    return f"pull {pull}"


@task(on="master", replaces="remove-exporters")
def keep_exporters(ctx: Context) -> str:
    """Remove nothing."""
    return "kept"


@task(on="master", replaces="destroy-stack")
def keep_stack(ctx: Context, *, volumes: bool) -> str:
    """Remove nothing."""
    return f"kept, volumes {volumes}"


@task(replaces="setup-ssh-keys")
def keep_keys(ctx: Context) -> str:
    """Let nobody in."""
    return "no key"
'''


@pytest.fixture
def site(site: Path) -> Path:
    (site / "tasks" / "mine.py").write_text(MINE)
    return site


def values(report: Any) -> dict[str, Any]:
    return {server["server"]: server["value"] for server in report["servers"]}


WORKERS = ("gpu-01", "gpu-02", "gpu-03")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "check-servers"), dict.fromkeys(WORKERS, "mine")),
        (("plan", "check-servers"), dict.fromkeys(WORKERS, "mine")),
        (("servers", "check"), dict.fromkeys(WORKERS, "mine")),
        (("run", "look-twice", "--limit", "gpu-01"), {"gpu-01": "mine and mine"}),
        (("plan", "look-twice", "--limit", "gpu-01"), {"gpu-01": "mine and mine"}),
        (("upgrade", "--no-pull"), {"head": "pull False"}),
        (("upgrade", "--dry-run"), {"head": "pull True"}),
        (("keys", "deploy"), dict.fromkeys(WORKERS, "no key")),
    ],
    ids=" ".join,
)
def test_each_command_runs_the_sites_own(dcov, words, said) -> None:
    done = dcov(*words, "-o", "json")
    assert (done.code, values(done.data)) == (0, said)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("how", [("--yes",), ("--dry-run",)])
def test_steps_of_a_workflow_are_replaced(dcov, how) -> None:
    """They keep their names, by which others need them, and run where the site's own is for."""
    done = dcov("quickstart", "--only", "import-dashboards", *how, "-o", "json")
    (step,) = done.data["steps"]
    assert (done.code, step["task"]) == (0, "import-dashboards")
    assert values(step) == {name: f"none on {name}" for name in WORKERS}
    done = dcov("destroy", "--volumes", *how, "-o", "json")
    assert [values(step) for step in done.data["steps"]] == [
        {"head": "kept"},
        {"head": "kept, volumes True"},
    ]


@pytest.mark.usefixtures("site")
def test_the_sites_own_may_call_the_one_that_it_replaces(dcov) -> None:
    said = dcov("run", "check-servers", "--shipped", "--limit", "gpu-01", "-o", "json")
    assert said.code == 0
    assert values(said.data)["gpu-01"].startswith("mine, on ")


def test_the_library_does_so_where_it_is_told(site: Path) -> None:
    """It imports nothing from beside the configuration by itself."""
    mine = find_tasks(site).replacements
    fleet = Fleet.load(site).replacing(*mine.values())
    assert {item.value for item in fleet.run(check_servers).outcomes} == {"mine"}
    assert list(fleet.run(import_dashboards)) == list(WORKERS)
    assert fleet.run(upgrade_stack, twice=True)["head"].value == "pull True"
    assert fleet["gpu-02"].run(check_servers).value == "mine"
    with pytest.raises(ConfigError, match=r"check-servers: does not say which task it replaces"):
        fleet.replacing(check_servers)
