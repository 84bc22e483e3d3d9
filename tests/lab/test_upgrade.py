"""Upgrades that go well, and upgrades that fail for each of the reasons that there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab.ground import NEW, OLD, WORKERS, Ground, listener
from lab.seen import differences, files, left_behind, look, main_pid, processes, serves, version

from dcov import Context, Fleet, Outcome, Status, task
from dcov.tasks import install_exporters, upgrade_exporters
from fleetlab.server import Server

DIES = b"""#!/bin/sh
echo 'no such thing as a good day' >&2
exit 3
"""
# Says that it is version VERSION, and is another program than the one in the release.
ANOTHER = """#!/bin/sh
exec python3 -c '
import socket
s = socket.create_server(("", 9100))
body = b"node_exporter_build_info{version=\\"VERSION\\"} 1\\n"
while True:
    c, _ = s.accept()
    c.recv(4096)
    head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n"
    c.sendall(head % len(body) + body)
    c.close()
'
"""


@contextmanager
def unharmed(ground: Ground, *names: str, restarted: bool = False) -> Iterator[None]:
    """Assert that a failed change leaves these servers as they were, and serving.

    `restarted` says that the old version had to be started anew: it had made way for the new one.
    """
    servers = [ground.server(name) for name in names]
    before = {server.name: (files(server), main_pid(server)) for server in servers}
    yield
    for server in servers:
        had, pid = before[server.name]
        assert differences(had, files(server)) == {}
        serves(server, version_=OLD, program=ground.program(OLD))
        assert (main_pid(server) != pid) == restarted
        assert left_behind(server) == []
        assert look(server).run("systemctl --failed --plain --no-legend").stdout == ""


def failed(outcome: Outcome, *, code: str, rollback: str = "complete") -> None:
    """Assert that this server failed for this reason, and says what to do."""
    assert (outcome.status, outcome.code, outcome.rollback) == (Status.FAILED, code, rollback), (
        outcome.why
    )
    assert outcome.hint


def upgrade(fleet: Fleet, version_: str, **how: object) -> dict[str, Outcome]:
    """Upgrade all at once, unless told otherwise."""
    how = {"canary": 0, "batch": None, "max_failures": None, **how}
    report = fleet.using(**how).run(
        install_exporters, exporters=["node"], versions=[f"node_exporter={version_}"]
    )
    return dict(report)


class TestThatGoWell:
    """From 1.5.0 to 1.9.0 on every worker."""

    def test_one_server_first_then_in_batches(self, ground: Ground) -> None:
        """The canary is done before anyone else begins, then a tenth at a time."""
        ground.installed(*WORKERS)
        seen: list[tuple[str, str]] = []
        fleet = ground.fleet(*WORKERS).using(
            listeners=(lambda event: seen.append((event.kind.value, event.server)),)
        )
        report = fleet.run(upgrade_exporters, versions=[f"node_exporter={NEW}"])
        assert {outcome.status for outcome in report.outcomes} == {Status.CHANGED}
        turns = [(kind, name) for kind, name in seen if kind.startswith("server")]
        assert turns == [
            (f"server_{what}", name) for name in WORKERS for what in ("started", "finished")
        ]
        for name in WORKERS:
            serves(ground.server(name), version_=NEW, program=ground.program(NEW))
            assert left_behind(ground.server(name)) == []

    def test_where_nothing_is_installed_nothing_happens(self, ground: Ground) -> None:
        """A server without an exporter is skipped, with the reason."""
        ground.blank("gpu-02")
        report = ground.fleet("gpu-02").run(upgrade_exporters)
        assert report["gpu-02"].status is Status.SKIPPED
        assert report["gpu-02"].reason == "dcov has installed no exporter here"


class TestThatFail:
    """Each by its cause; afterwards the old version serves, and nothing is left behind."""

    def test_the_new_version_dies(self, ground: Ground) -> None:
        """A unit that does not stay up is named with its last words, long before 30 s."""
        ground.installed("gpu-02", "gpu-03")
        bad = ground.serve("1.9.90", DIES)
        with unharmed(ground, "gpu-02", "gpu-03", restarted=True):
            outcomes = upgrade(ground.fleet("gpu-02", "gpu-03"), bad)
        for outcome in outcomes.values():
            failed(outcome, code="unit-failed")
            assert "no such thing as a good day" in outcome.why
            assert outcome.seconds < 20

    def test_another_version_answers(self, ground: Ground) -> None:
        """A release whose program is another version than promised is not accepted."""
        ground.installed("gpu-02")
        bad = ground.serve("1.9.91", ground.program(NEW))
        with unharmed(ground, "gpu-02", restarted=True):
            outcome = upgrade(ground.fleet("gpu-02"), bad)["gpu-02"]
        failed(outcome, code="another-exporter")
        assert "version 1.9.0" in outcome.why
        assert outcome.seconds < 20

    def test_another_program_answers(self, ground: Ground) -> None:
        """The right version from another program than the installed one is not accepted."""
        ground.installed("gpu-02")
        bad = ground.serve("1.9.92", ANOTHER.replace("VERSION", "1.9.92").encode())
        with unharmed(ground, "gpu-02", restarted=True):
            outcome = upgrade(ground.fleet("gpu-02"), bad)["gpu-02"]
        failed(outcome, code="another-exporter")
        assert "another program runs" in outcome.why

    def test_the_release_file_is_not_the_promised_one(self, ground: Ground) -> None:
        """A file that does not match its checksums reaches no server."""
        ground.installed("gpu-02", "gpu-03")
        bad = ground.serve("1.9.93", ground.program(NEW), sums=False)
        with unharmed(ground, "gpu-02", "gpu-03"):
            outcomes = upgrade(ground.fleet("gpu-02", "gpu-03"), bad)
        for outcome in outcomes.values():
            failed(outcome, code="checksum", rollback="")
            assert outcome.cost.uploaded == 0

    def test_the_lock_file_wins_over_the_mirror(self, ground: Ground, tmp_path: Path) -> None:
        """A file that matches the mirror's own checksums and not the site's lock is refused."""
        ground.installed("gpu-02")
        version_ = ground.serve("1.9.94", ground.program(NEW))
        site = ground.site(tmp_path)
        lock = [
            "[[artifact]]",
            'exporter = "node_exporter"',
            f'version = "{version_}"',
            'arch = "amd64"',
            f'sha256 = "{"0" * 64}"',
        ]
        (tmp_path / "exporters.lock.toml").write_text("\n".join(lock) + "\n")
        with unharmed(ground, "gpu-02"):
            outcome = upgrade(Fleet.load(site).where("gpu-02"), version_)["gpu-02"]
        failed(outcome, code="checksum", rollback="")
        assert "0" * 64 in outcome.why

    def test_three_bad_releases_are_their_own_servers_and_the_fourth_finishes(
        self, ground: Ground
    ) -> None:
        """One run: a file that is not the promised one, a unit that dies, another program."""
        ground.installed(*WORKERS)
        another = ANOTHER.replace("VERSION", "1.9.89").encode()
        bad = {
            "gpu-01": ground.serve("1.9.87", ground.program(NEW), sums=False),
            "gpu-02": ground.serve("1.9.88", DIES),
            "gpu-03": ground.serve("1.9.89", another),
        }

        @task
        def install_its_own(ctx: Context) -> None:
            version_ = bad.get(ctx.name, NEW)
            install_exporters(ctx, exporters=["node"], versions=[f"node_exporter={version_}"])

        with unharmed(ground, "gpu-01"), unharmed(ground, "gpu-02", "gpu-03", restarted=True):
            outcomes = ground.fleet(*WORKERS).run(install_its_own)
        failed(outcomes["gpu-01"], code="checksum", rollback="")
        failed(outcomes["gpu-02"], code="unit-failed")
        failed(outcomes["gpu-03"], code="another-exporter")
        assert outcomes["gpu-04"].status is Status.CHANGED, outcomes["gpu-04"].why
        serves(ground.server("gpu-04"), version_=NEW, program=ground.program(NEW))

    def test_three_servers_fail_and_the_fourth_finishes(self, ground: Ground) -> None:
        """A taken port, a full disk and another operator's lock: each its own server's fault."""
        ground.installed(*WORKERS)
        busy, full, locked, well = (ground.server(name) for name in WORKERS)
        busy.exec(["systemctl", "stop", "node_exporter"])
        full.fill_disk("/usr/local/bin", leave_bytes=4096)
        had = {server.name: files(server) for server in (busy, full, locked)}
        pids = {server.name: main_pid(server) for server in (full, locked)}
        with listener(busy, 9100) as squatter, held_lock(locked, "alice@laptop run 7"):
            outcomes = upgrade(ground.fleet(*WORKERS), NEW)
            assert squatter in processes(busy)
        for name, before in had.items():
            assert differences(before, files(ground.server(name))) == {}
        full.free_disk("/usr/local/bin")
        busy.exec(["systemctl", "start", "node_exporter"])

        failed(outcomes["gpu-01"], code="port-busy", rollback="")
        assert outcomes["gpu-01"].why == f"port 9100 is held by python3 (pid {squatter})"
        failed(outcomes["gpu-02"], code="disk-full")
        assert "/usr/local/bin/node_exporter" in outcomes["gpu-02"].why
        failed(outcomes["gpu-03"], code="locked", rollback="")
        assert "alice@laptop run 7" in outcomes["gpu-03"].why
        assert outcomes["gpu-04"].status is Status.CHANGED
        serves(well, version_=NEW, program=ground.program(NEW))
        for server in (full, locked):
            assert main_pid(server) == pids[server.name]
        for server in (busy, full, locked):
            serves(server, version_=OLD, program=ground.program(OLD))
            assert left_behind(server) == []

    @pytest.mark.parametrize("folder", ["/etc/systemd/system", "/var/lib/dcov"])
    def test_a_disk_is_full_elsewhere(self, ground: Ground, folder: str) -> None:
        """A blank server with no room for the unit file or the record is blank afterwards."""
        ground.blank("gpu-02")
        server = ground.server("gpu-02")
        before = files(server)
        server.exec(["mkdir", "-p", folder])
        server.fill_disk(folder, leave_bytes=0)
        outcome = ground.fleet("gpu-02").run(install_exporters)["gpu-02"]
        server.free_disk(folder)
        server.exec(["sh", "-c", "rmdir /var/lib/dcov || :"])
        failed(outcome, code="disk-full", rollback=outcome.rollback)
        assert outcome.rollback in ("", "complete")
        assert differences(before, files(server)) == {}
        assert left_behind(server) == []
        assert version(server) == ""


class TestTheRollout:
    """When to stop."""

    def test_a_failed_canary_stops_it(self, ground: Ground) -> None:
        """When the first server fails nobody else is touched, and each is told so."""
        ground.installed("gpu-02", "gpu-03", "gpu-04")
        bad = ground.serve("1.9.90", DIES)
        with unharmed(ground, "gpu-03", "gpu-04"):
            report = ground.fleet("gpu-02", "gpu-03", "gpu-04").run(
                upgrade_exporters, versions=[f"node_exporter={bad}"]
            )
        assert report["gpu-02"].code == "unit-failed"
        for name in ("gpu-03", "gpu-04"):
            assert report[name].status is Status.NOT_RUN
            assert report[name].reason == "a canary server failed"
        serves(ground.server("gpu-02"), version_=OLD, program=ground.program(OLD))

    def test_the_failure_budget_stops_it(self, ground: Ground) -> None:
        """With one failure allowed the second one ends it, and what was done stays done."""
        ground.installed(*WORKERS)
        for name in ("gpu-02", "gpu-03"):
            ground.server(name).fill_disk("/usr/local/bin", leave_bytes=4096)
        fleet = ground.fleet(*WORKERS).using(batch=1, max_failures=1)
        report = fleet.run(upgrade_exporters, versions=[f"node_exporter={NEW}"])
        for name in ("gpu-02", "gpu-03"):
            ground.server(name).free_disk("/usr/local/bin")
        assert [outcome.status for outcome in report.outcomes] == [
            Status.CHANGED,
            Status.FAILED,
            Status.FAILED,
            Status.NOT_RUN,
        ]
        assert report["gpu-04"].reason == "2 servers failed, more than the 1 allowed"
        versions = [version(ground.server(name)) for name in WORKERS]
        assert versions == [NEW, OLD, OLD, OLD]


@contextmanager
def held_lock(server: Server, holder: str) -> Iterator[None]:
    """Have another process hold dcov's lock, as an apply of somebody else does."""
    script = f"echo '{holder}' >/run/lock/dcov; exec sleep 300"
    server.exec(
        [
            "systemd-run",
            "--quiet",
            "--unit=test-holder",
            "flock",
            "/run/lock/dcov",
            "sh",
            "-c",
            script,
        ]
    )
    try:
        yield
    finally:
        server.exec(["systemctl", "stop", "test-holder"])
