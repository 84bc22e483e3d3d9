"""The site's truth on its master, and two controllers with a copy each: real files, real sshd."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
import yaml
from ssh.fleets import QUICK, traces
from typer.testing import CliRunner

from dcov import Fleet, Step, Workflow, task
from dcov.cli.app import app
from dcov.config.load import load
from dcov.config.shared import shared
from dcov.context import Context
from dcov.deployed import Seen, check_site, claim_site, compare, is_claimed, pull, push
from dcov.deployed.claim import place_site
from dcov.engine.options import Options
from dcov.errors import ConfigError, SiteMovedError
from dcov.inventory.site import Site
from dcov.report import Report, Status
from dcov.resources import File
from dcov.ssh.command import Shell, quote
from dcov.ssh.scripts import remote
from dcov.tasks import import_dashboards, quickstart
from dcov.testing.sshd import LoopbackSshd

TEXT = """\
site_name: x # its name
fleet_admin_pass: a-password-of-ours
ssh:
  username: {user}
  port: {port}
  key_path: {key}
master: {{name: head, server_ip: 127.0.0.1}}
servers:
  - name: gpu-01
    server_ip: 127.0.0.2
    bmc_password: hunter-2
"""


class Yard:
    """A master with a folder of its own, and controllers."""

    def __init__(self, sshd: LoopbackSshd, folder: Path) -> None:
        self.sshd, self.folder = sshd, folder
        self.etc = folder / "etc"

    def controller(self, name: str = "one") -> Fleet:
        home = self.folder / name
        if not home.exists():
            home.mkdir()
            file = home / "fleet-config.yaml"
            file.write_text(
                TEXT.format(user=self.sshd.user, port=self.sshd.port, key=self.sshd.key_path)
            )
            file.chmod(0o600)
            shutil.copy(self.sshd.known_hosts(["head", "gpu-01"]), home / "known_hosts")
        site = Site.load(home / "fleet-config.yaml")
        return Fleet(site=site, options=Options(patience=QUICK))

    def another(self, name: str, *, of: str) -> Fleet:
        shutil.copytree(self.folder / of, self.folder / name)
        return self.controller(name)

    def edit(self, controller: str, old: str, new: str) -> Fleet:
        return edit(self.folder / controller / "fleet-config.yaml", old, new, self, controller)

    @property
    def truth(self) -> Path:
        return self.etc / "fleet" / "fleet-config.yaml"


def edit(file: Path, old: str, new: str, yard: Yard, controller: str) -> Fleet:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return yard.controller(controller)


@pytest.fixture
def yard(sshd: LoopbackSshd, tmp_path: Path, state_home: Path) -> Yard:
    tmp_path.chmod(0o755)
    yield Yard(sshd, tmp_path)
    assert traces() == []


def claim(fleet: Fleet, yard: Yard) -> Report:
    return fleet.run(claim_site, folder=str(yard.etc))


def only(report: Report):
    (outcome,) = report.outcomes
    return outcome


def test_the_first_deploy_writes_the_site_and_the_second_nothing(yard: Yard) -> None:
    fleet = yard.controller()
    outcome = only(claim(fleet, yard))
    assert outcome.status is Status.CHANGED, outcome.why
    assert stat.S_IMODE(yard.truth.parent.stat().st_mode) == 0o700
    for name in ("fleet-config.yaml", "known_hosts"):
        link = yard.etc / name
        assert str(link.readlink()) == f"fleet/{name}"
        assert stat.S_IMODE(link.stat().st_mode) == 0o600
    text = yard.truth.read_text()
    assert "# its name" in text
    for stays in ("a-password-of-ours", "hunter", str(yard.sshd.key_path)):
        assert stays not in text
    assert load(yard.truth).settings.servers[0].name == "gpu-01"
    again = only(claim(fleet, yard))
    assert (again.status, again.value) == (Status.OK, outcome.value)


def test_a_plan_shows_it_and_changes_nothing(yard: Yard) -> None:
    plan = yard.controller().plan(claim_site, folder=str(yard.etc))
    diff = "\n".join(line for one in only(plan.report).changes for line in one.diff)
    assert "+site_name: x # its name" in diff
    assert "+link to fleet/known_hosts" in diff
    assert "hunter" not in diff
    assert not yard.etc.exists()
    assert not (yard.folder / "one" / ".dcov-base").exists()


def test_an_older_copy_elsewhere_stops_with_a_diff_and_loses_nothing(yard: Yard) -> None:
    claim(yard.controller("one"), yard)
    two = yard.another("two", of="one")
    # The site is changed on the master, by hand, and then in the copy.
    yard.truth.write_text(yard.truth.read_text().replace("site_name: x", "site_name: theirs"))
    with yard.truth.open("a") as file:
        file.write("  - {name: gpu-02, server_ip: 127.0.0.3} # theirs\n")
    with (yard.folder / "two" / "fleet-config.yaml").open("a") as file:
        file.write("  - {name: gpu-03, server_ip: 127.0.0.4}\nmirror: file:///ours\n")
    two = yard.controller("two")
    before = yard.truth.read_text()
    outcome = only(claim(two, yard))
    assert outcome.code == "site-moved"
    assert "-site_name: theirs # its name" in outcome.why
    assert "hunter" not in outcome.why
    assert "dcov config pull" in outcome.hint
    assert yard.truth.read_text() == before
    with pytest.raises(SiteMovedError):
        push(two, folder=str(yard.etc))

    done = pull(two, folder=str(yard.etc))
    assert [file.name for file in done.changed] == ["fleet-config.yaml"]
    merged = yard.controller("two")
    settings = merged.site.settings
    assert settings.site_name == "theirs"
    assert sorted(str(one.name) for one in settings.servers) == ["gpu-01", "gpu-02", "gpu-03"]
    assert settings.mirror == "file:///ours"
    assert settings.fleet_admin_pass.reveal() == "a-password-of-ours"
    assert pull(merged, folder=str(yard.etc)).changed == ()
    assert only(claim(merged, yard)).status is Status.CHANGED
    # And the first controller has to pull now.
    assert only(claim(yard.controller("one"), yard)).code == "site-moved"
    pull(yard.controller("one"), folder=str(yard.etc))
    one, two = (yard.folder / who / "fleet-config.yaml" for who in ("one", "two"))
    assert yaml.safe_load(one.read_text()) == yaml.safe_load(two.read_text())
    outcome = only(claim(yard.controller("one"), yard))
    assert outcome.status is Status.OK, outcome.changes


def test_a_clash_names_both_lines_and_writes_nothing(yard: Yard) -> None:
    claim(yard.controller(), yard)
    yard.truth.write_text(yard.truth.read_text().replace("site_name: x", "site_name: theirs"))
    fleet = yard.edit("one", "site_name: x", "site_name: ours")
    file = yard.folder / "one" / "fleet-config.yaml"
    before = file.read_text()
    with pytest.raises(ConfigError) as caught:
        pull(fleet, folder=str(yard.etc))
    assert (
        "1:12: site_name: changed here (line 1: site_name: ours # its name) and on the master "
        "(line 1: site_name: theirs # its name); make both alike, or say which to keep"
    ) in str(caught.value)
    assert file.read_text() == before
    assert only(claim(fleet, yard)).code == "site-moved"
    pull(fleet, keep_ours=True, folder=str(yard.etc))
    assert file.read_text() == before
    assert push(yard.controller(), folder=str(yard.etc))
    assert "site_name: ours" in yard.truth.read_text()


def test_what_does_not_go_together_is_not_written(yard: Yard) -> None:
    """Each side is right by itself: two servers were added at one address."""
    claim(yard.controller(), yard)
    with yard.truth.open("a") as file:
        file.write("  - {name: gpu-02, server_ip: 127.0.0.3}\n")
    own = yard.folder / "one" / "fleet-config.yaml"
    with own.open("a") as file:
        file.write("  - {name: gpu-03, server_ip: 127.0.0.3}\n")
    before = own.read_text()
    with pytest.raises(ConfigError, match=r"are both at 127\.0\.0\.3 port"):
        pull(yard.controller(), folder=str(yard.etc))
    assert own.read_text() == before


def test_a_password_written_on_the_master_comes_with_the_pull(yard: Yard) -> None:
    claim(yard.controller(), yard)
    text = yard.truth.read_text()
    yard.truth.write_text(text + "bmc: {password: from-the-master}\n")
    fleet = yard.controller()
    _, theirs = compare(fleet, folder=str(yard.etc))
    assert "from-the-master" in theirs["fleet-config.yaml"]
    outcome = only(claim(fleet, yard))
    assert outcome.code == "site-moved"
    assert "from-the-master" not in outcome.why
    pull(fleet, folder=str(yard.etc))
    fleet = yard.controller()
    assert fleet.site.settings.bmc.password.reveal() == "from-the-master"
    assert only(claim(fleet, yard)).status is Status.CHANGED
    assert "from-the-master" not in yard.truth.read_text()


def test_no_record_of_a_run_shows_what_the_master_has(yard: Yard, state_home: Path) -> None:
    claim(yard.controller(), yard)
    with yard.truth.open("a") as file:
        file.write("bmc: {password: planted-7}\n")
    compare(yard.controller(), folder=str(yard.etc))
    said = [file for file in state_home.rglob("*") if file.is_file()]
    assert said
    assert [file for file in said if b"planted-7" in file.read_bytes()] == []


def test_host_keys_of_the_master_come_with_the_pull(yard: Yard) -> None:
    claim(yard.controller(), yard)
    line = "gpu-09 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA\n"
    with (yard.etc / "known_hosts").open("a") as file:
        file.write(line)
    fleet = yard.controller()
    assert only(claim(fleet, yard)).code == "site-moved"
    done = pull(fleet, folder=str(yard.etc))
    assert [file.name for file in done.changed] == ["known_hosts"]
    assert line in (yard.folder / "one" / "known_hosts").read_text()
    assert only(claim(yard.controller(), yard)).status is Status.OK


def test_what_the_existing_product_left_there_is_kept_and_linked(yard: Yard) -> None:
    """The copy was taken from the master by hand, so both are alike, passwords included."""
    fleet = yard.controller()
    yard.etc.mkdir()
    old = yard.etc / "fleet-config.yaml"
    text = (yard.folder / "one" / "fleet-config.yaml").read_text()
    old.write_text(text)
    old.chmod(0o600)
    assert only(claim(fleet, yard)).status is Status.CHANGED
    assert old.is_symlink()
    kept = yard.etc / "fleet-config.yaml.before-dcov"
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == (text, 0o600)
    assert "hunter" not in yard.truth.read_text()
    assert only(claim(fleet, yard)).status is Status.OK


def test_another_site_that_lies_there_is_no_empty_master(yard: Yard) -> None:
    yard.etc.mkdir()
    (yard.etc / "fleet-config.yaml").write_text("site_name: older\nmirror: file:///theirs\n")
    fleet = yard.controller()
    assert only(claim(fleet, yard)).code == "site-moved"
    assert (yard.etc / "fleet-config.yaml").read_text().startswith("site_name: older")
    with pytest.raises(ConfigError, match="site_name: changed here"):
        pull(fleet, folder=str(yard.etc))
    pull(fleet, keep_ours=True, folder=str(yard.etc))
    fleet = yard.controller()
    assert fleet.site.settings.mirror == "file:///theirs"
    assert only(claim(fleet, yard)).status is Status.CHANGED


def test_a_failed_outer_task_leaves_the_site_claimed(yard: Yard) -> None:
    """What the master keeps and what we remember of it never differ."""

    @task(on="master")
    def deploy(ctx: Context) -> None:
        claim_site(ctx, folder=str(yard.etc))
        raise ZeroDivisionError

    fleet = yard.controller()
    assert only(fleet.run(deploy)).status is Status.FAILED
    assert yard.truth.exists()
    assert only(claim(fleet, yard)).status is Status.OK


def test_a_change_between_look_and_write_is_found(yard: Yard) -> None:
    claim(yard.controller(), yard)
    fleet = yard.edit("one", "site_name: x", "site_name: ours")

    @task(on="master", replaces="place-site")
    def meanwhile(ctx: Context, *, wanted: object, folder: str) -> None:
        with yard.truth.open("a") as file:
            file.write("# somebody else\n")
        place_site.function(ctx, wanted=wanted, folder=folder)

    fleet = replace(fleet, replacements={"place-site": meanwhile})
    outcome = only(claim(fleet, yard))
    assert outcome.code == "stale-plan"
    assert yard.truth.read_text().endswith("# somebody else\n")


def test_a_step_can_look_without_writing(yard: Yard) -> None:
    @task(on="master")
    def look(ctx: Context) -> None:
        check_site(ctx, folder=str(yard.etc))

    fleet = yard.controller()
    assert only(fleet.run(look)).status is Status.OK
    assert not yard.etc.exists()
    claim(fleet, yard)
    with yard.truth.open("a") as file:
        file.write("# theirs\n")
    assert only(fleet.run(look)).code == "site-moved"


def test_once_the_site_has_moved_no_server_is_touched(yard: Yard) -> None:
    """A step that needs nothing of the one before is not begun either, in a plan as in a run."""

    @task(on="master")
    def look(ctx: Context) -> None:
        check_site(ctx, folder=str(yard.etc))

    @task(on="all")
    def touch(ctx: Context) -> None:
        ctx.ensure(File(path=PurePosixPath(yard.folder / ctx.name), content=""))

    flow = Workflow(name="flow", summary="", steps=(Step(task=look), Step(task=touch)))
    fleet = yard.controller()
    claim(fleet, yard)
    with yard.truth.open("a") as file:
        file.write("# theirs\n")
    for report in (fleet.plan(flow).report, fleet.run(flow)):
        assert report.steps[0]["head"].code == "site-moved"
        assert {one.why for one in report.steps[1].outcomes} == {
            "look stopped the run on head: site-moved"
        }
        assert report["gpu-01"].status is Status.NOT_RUN
    assert not [name for name in ("head", "gpu-01") if (yard.folder / name).exists()]
    pull(fleet, folder=str(yard.etc))
    assert yard.controller().run(flow).ok
    assert (yard.folder / "gpu-01").exists()


def test_a_glance_tells_whether_there_is_anything_to_claim(yard: Yard) -> None:
    """By digests and places alone; what only this copy remembers counts as well."""

    @task(on="master")
    def glance(ctx: Context) -> bool:
        script = f"{remote('digest.sh', 'seen-site.sh')}seen_site {quote((str(yard.etc),))}"
        seen = Seen.read(ctx.run(Shell(script), reads=True).stdout.splitlines())
        return is_claimed(ctx.fleet, seen=seen, folder=str(yard.etc))

    def claimed() -> bool:
        return bool(only(yard.controller().run(glance)).value)

    assert not claimed()
    claim(yard.controller(), yard)
    assert claimed()
    (yard.etc / "known_hosts").unlink()
    assert not claimed()
    claim(yard.controller(), yard)
    shutil.rmtree(yard.folder / "one" / ".dcov-base")
    assert not claimed()
    claim(yard.controller(), yard)
    assert claimed()
    yard.edit("one", "site_name: x", "site_name: y")
    assert not claimed()
    claim(yard.controller(), yard)
    yard.edit("one", "hunter-2", "hunter-3")  # stays here
    assert claimed()


@pytest.fixture
def local(yard: Yard) -> Callable[[], Fleet]:
    """Run on the master, with the file that it has."""

    def made() -> Fleet:
        site = Site.load(yard.etc / "fleet-config.yaml")
        return Fleet(site=site, options=Options(patience=QUICK))

    return made


def test_on_the_master_the_file_itself_is_the_truth(yard: Yard, local: Callable[[], Fleet]) -> None:
    yard.etc.mkdir()
    old = yard.etc / "fleet-config.yaml"
    old.write_text("site_name: here\nmaster: local\nbmc: {password: hunter}\n")
    old.chmod(0o600)
    text = old.read_text()
    outcome = only(claim(local(), yard))
    assert outcome.status is Status.CHANGED, outcome.why
    assert "bmc.password stand" in " ".join(outcome.notes)
    assert (old.is_symlink(), old.read_text()) == (True, text)
    assert only(claim(local(), yard)).status is Status.OK
    with old.open("a") as file:
        file.write("mirror: file:///x\n")
    assert only(claim(local(), yard)).status is Status.OK
    with pytest.raises(ConfigError, match="is what the master itself has"):
        pull(local(), folder=str(yard.etc))
    assert shared(old.read_text(), file=old).endswith("mirror: file:///x\n")


def test_quickstart_looks_before_its_first_step(yard: Yard, own_machine: bool) -> None:  # noqa: FBT001  # a fixture
    """In the folder that it deploys to, which is this process's own."""
    if not own_machine:
        pytest.skip("needs an /etc of its own")
    fleet = yard.controller()
    push(fleet)
    try:
        with Path("/etc/dc-overview/fleet-config.yaml").open("a") as file:
            file.write("# theirs\n")
        for report in (fleet.plan(quickstart).report, fleet.run(quickstart)):
            first, *others = report.steps
            assert (first.task, first["head"].code) == ("install-prerequisites", "site-moved")
            assert {one.status for step in others for one in step.outcomes} == {Status.NOT_RUN}
        alone = fleet.run(import_dashboards)["head"]
        assert alone.code == "site-moved"
    finally:
        shutil.rmtree("/etc/dc-overview")


def test_the_commands(yard: Yard, own_machine: bool) -> None:  # noqa: FBT001  # a fixture
    """In the folder that they are for, which is this process's own."""
    if not own_machine:
        pytest.skip("needs an /etc of its own")
    yard.controller()
    config = ("-c", str(yard.folder / "one"))

    def dcov(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, words, prog_name="dcov")
        return done.exit_code, done.stdout, done.stderr

    code, _, said = dcov("config", "pull", *config)
    assert (code, "head has no site yet; `dcov config push`" in said) == (2, True)
    code, _, said = dcov("config", "push", *config)
    assert (code, "head has revision " in said) == (0, True), said
    truth = Path("/etc/dc-overview/fleet-config.yaml")
    assert dcov("config", "diff", *config)[1:] == ("", said.strip() + ", as this copy does\n")
    truth.write_text(truth.read_text().replace("site_name: x", "site_name: theirs"))
    code, out, said = dcov("config", "diff", *config)
    assert (code, "-site_name: theirs # its name" in out.splitlines()) == (0, True)
    assert "; `dcov config pull` merges it" in said
    code, _, said = dcov("config", "push", *config)
    assert (code, said.startswith("site-moved: head has the site at revision")) == (2, True)
    code, _, said = dcov("config", "pull", *config)
    assert (code, f"{yard.folder}/one/fleet-config.yaml: changed" in said) == (0, True), said
    yard.edit("one", "site_name: theirs", "site_name: ours")
    assert "this copy was changed since; `dcov config push`" in dcov("config", "diff", *config)[2]
    truth.write_text(truth.read_text().replace("site_name: theirs", "site_name: again"))
    code, _, said = dcov("config", "pull", *config)
    assert (code, "or say which to keep" in said) == (2, True)
    assert dcov("config", "pull", "--keep", "master", *config)[0] == 0
    assert yard.controller().site.name == "again"
    shutil.rmtree("/etc/dc-overview")
