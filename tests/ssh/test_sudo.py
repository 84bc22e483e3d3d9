"""Becoming root by a real sudo, in every way in which it can go well and wrong."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ssh.fleets import QUICK, Yard, eventually, login, only, running

from dcov import Context, Fleet, Outcome, Secret, Status, task
from dcov.engine.options import Options
from dcov.inventory.site import Site
from dcov.resources.file import File
from dcov.ssh.session import SshSession
from dcov.testing.proxy import DelayProxy
from dcov.testing.sshd import LoopbackSshd

PASSWORD = "correct horse'\\ \u00e9 $HOME"
USER = "dcov-ops"
SUDOERS = Path("/etc/sudoers.d/dcov-test")


@pytest.fixture(scope="module", autouse=True)
def operator(own_machine: bool) -> None:  # noqa: FBT001  # a fixture
    """Make a login user with a password, in this process's own /etc."""
    if not own_machine:
        pytest.fail("these tests make users: run them as root, with CAP_SYS_ADMIN")
    if shutil.which("sudo") is None:
        pytest.fail("there is no sudo here; Debian's package is sudo")
    subprocess.run(("useradd", "-m", "--shell", "/bin/sh", USER), check=True)
    subprocess.run(("chpasswd",), input=f"{USER}:{PASSWORD}\n", text=True, check=True)


@pytest.fixture(autouse=True)
def forgotten(operator: None) -> Iterator[None]:
    yield
    SUDOERS.unlink(missing_ok=True)
    shutil.rmtree("/run/sudo/ts", ignore_errors=True)


def allow(*lines: str) -> None:
    SUDOERS.write_text("".join(f"{line}\n" for line in lines))
    SUDOERS.chmod(0o440)
    subprocess.run(("visudo", "-cqf", SUDOERS), check=True)


ALL = f"{USER} ALL=(ALL:ALL) ALL"
FREE = f"{USER} ALL=(ALL:ALL) NOPASSWD: ALL"


@task
def who(ctx: Context) -> tuple[str, str]:
    """Ask as root, and then as who logged in."""
    first = ctx.run(("sh", "-c", "cat; id -un; echo err >&2"), reads=True)
    second = ctx.run(("id", "-un"), reads=True, as_root=False)
    return first.stdout + first.stderr, second.stdout


@task
def asks_root(ctx: Context) -> str:
    """Ask as root, by sudo where somebody else has logged in."""
    return ctx.run(("id", "-un"), reads=True).stdout


def outcome(yard: Yard, the_task: Any = who, **changes: Any) -> Outcome:
    entry = login(yard.sshd.entry("gpu-01"), user=USER, **changes)
    return only(yard.fleet_of(entry).run(the_task))


@pytest.mark.parametrize(
    ("rules", "password"),
    [
        ([ALL], PASSWORD),
        ([FREE], None),
        ([FREE], PASSWORD),  # not asked for: it must not reach the command's stdin
        ([ALL, f"Defaults:{USER} timestamp_type=global"], PASSWORD),  # cached from the 2nd exec on
        ([ALL, f"Defaults:{USER} use_pty"], PASSWORD),
        ([FREE, f'Defaults:{USER} passprompt="Give it to me: ", passprompt_override'], None),
    ],
    ids=["password", "nopasswd", "needless", "cached", "use_pty", "own-prompt"],
)
def test_root_by_sudo(yard: Yard, rules: list[str], password: str | None) -> None:
    """The command runs as root, with both of its streams as they are and nothing of sudo's."""
    allow(*rules)
    for _ in range(2):
        found = outcome(yard, sudo_password=Secret(password) if password else None)
        assert found.status is Status.OK, found.why
        assert found.value == ("root\nerr\n", f"{USER}\n")


@pytest.mark.parametrize(
    ("rules", "password", "code", "words"),
    [
        ([ALL], "wrong password", "sudo-password", "does not accept the password"),
        (
            [ALL, f"Defaults:{USER} passwd_tries=1"],  # refuses without asking again
            "wrong password",
            "sudo-password",
            "does not accept the password",
        ),
        ([ALL], None, "sudo-password", "none is configured"),
        ([FREE, f"Defaults:{USER} requiretty"], None, "sudo-terminal", "requiretty"),
        ([], PASSWORD, "sudo-refused", "not in the sudoers file"),
        ([f"{USER} ALL=(ALL) NOPASSWD: /bin/true"], PASSWORD, "sudo-refused", "not allowed"),
    ],
    ids=["wrong", "wrong-at-once", "none", "requiretty", "not-in-sudoers", "another-command"],
)
def test_what_sudo_refuses(
    yard: Yard, rules: list[str], password: str | None, code: str, words: str
) -> None:
    """Each refusal has its own code, cause and hint, is not waited for, and is that server's."""
    allow(*rules)
    secret = Secret(password) if password else None
    refusing = login(yard.sshd.entry("gpu-01"), user=USER, sudo_password=secret)
    report = yard.fleet_of(refusing, yard.sshd.entry("gpu-02", 2)).run(asks_root)
    assert report["gpu-02"].status is Status.OK, report["gpu-02"].why
    found = report["gpu-01"]
    assert (found.status, found.code) == (Status.FAILED, code)
    assert found.hint
    assert words in found.why
    assert USER in found.why
    assert found.seconds < 20
    assert password is None or password not in str(found.error)


def test_a_wrong_password_is_said_once(yard: Yard) -> None:
    """Each further try would bring the account nearer to being locked."""
    log = yard.folder / "sudo.log"
    allow(ALL, f"Defaults:{USER} logfile={log}")
    assert outcome(yard, sudo_password=Secret("wrong password")).code == "sudo-password"
    assert eventually(lambda: log.exists() and "incorrect password" in log.read_text())
    assert "1 incorrect password attempt" in log.read_text()


@contextmanager
def hanging_pam() -> Iterator[None]:
    """Have a sudo that does not come to its prompt, as with a directory that does not answer."""
    pam = Path("/etc/pam.d/sudo")
    before = pam.read_text()
    pam.write_text("auth required pam_exec.so quiet /bin/sleep 9.5\n" + before)
    try:
        yield
    finally:
        pam.write_text(before)
        for pid in running("/bin/sleep\x009.5"):
            os.kill(pid, signal.SIGKILL)


@task
def hurry(ctx: Context) -> None:
    """Have little time."""
    ctx.run(("true",), reads=True, within=1.5)


def test_a_sudo_that_hangs_is_given_up_at_the_deadline(yard: Yard) -> None:
    """The command's own deadline covers the time before it begins."""
    allow(ALL)
    with hanging_pam():
        found = outcome(yard, hurry, sudo_password=Secret(PASSWORD))
    assert (found.status, found.code) == (Status.TIMED_OUT, "command-timeout")
    assert "within 1.5 s" in found.why
    assert "sudo did not answer" in found.hint
    assert found.seconds < 6


def test_a_sudo_that_hangs_is_given_up_on_cancel(yard: Yard) -> None:
    """A cancelled run does not wait for a prompt."""
    allow(ALL)
    entry = login(yard.sshd.entry("gpu-01"), user=USER, sudo_password=Secret(PASSWORD))
    with hanging_pam():
        run = yard.fleet_of(entry).start(who)
        assert eventually(lambda: running("/bin/sleep\x009.5") != [])
        run.cancel()
        found = only(run.wait(5))
    assert found.status is Status.CANCELLED


def test_a_link_that_breaks_while_sudo_hangs_is_named(yard: Yard) -> None:
    """It is the link that is at fault, and not sudo."""
    allow(ALL)
    with DelayProxy(yard.sshd.port) as proxy, hanging_pam():
        entry = login(yard.sshd.entry("gpu-01"), user=USER, port=proxy.port)
        run = yard.fleet_of(entry).start(who)
        assert eventually(lambda: running("/bin/sleep\x009.5") != [])
        proxy.cut()
        found = only(run.wait(8))
    assert (found.status, found.code) == (Status.UNREACHABLE, "link-lost")
    assert f"{proxy.port} broke during sudo" in found.why


def test_sudo_is_understood_in_every_language(yard: Yard, german: None) -> None:
    """Its refusals are told apart by their words, so it is asked to say them in English."""
    allow(ALL, f"Defaults:{USER} passwd_tries=1")
    with LoopbackSshd(options={"SetEnv": "LANG=de_DE.UTF-8 LANGUAGE=de"}) as foreign:
        foreign.folder.chmod(0o755)
        entry = login(foreign.entry("gpu-01"), user=USER, sudo_password=Secret("wrong password"))
        shutil.copy(foreign.known_hosts(["gpu-01"]), yard.folder / "known_hosts")
        fleet = Fleet(site=Site.of(entry, path=yard.folder), options=Options(patience=QUICK))
        said = only(fleet.sh("sudo -S -p '' true </dev/null 2>&1; :")).value.stdout
        assert "Passwort" in said  # without a word of ours it speaks German
        assert only(fleet.run(who)).code == "sudo-password"


@pytest.fixture
def german(tmp_path: Path) -> Iterator[None]:
    """Have this process's servers know German, where this machine has what that takes."""
    made = tmp_path / "locale" / "de_DE.UTF-8"
    made.parent.mkdir()
    words = ("localedef", "-i", "de_DE", "-f", "UTF-8", made)
    texts = Path("/usr/share/locale/de/LC_MESSAGES/sudo.mo")
    if not texts.exists() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no German texts of sudo here, or no source of a German locale")
    place = Path("/usr/lib/locale")
    subprocess.run(("mount", "--bind", made.parent, place), check=True)
    yield
    subprocess.run(("umount", "-l", place), check=True)


def test_a_server_without_sudo(yard: Yard) -> None:
    """Where there is no sudo at all, that is what the error says."""
    allow(FREE)
    sudo = Path("/usr/bin/sudo")
    empty = yard.folder / "empty"
    empty.write_text("")
    subprocess.run(("mount", "--bind", empty, sudo), check=True)
    try:
        found = outcome(yard)
    finally:
        subprocess.run(("umount", sudo), check=True)
    assert (found.status, found.code) == (Status.FAILED, "sudo-refused")
    assert "sudo" in found.why


def test_a_server_converges_through_sudo(yard: Yard) -> None:
    """Probe, upload, apply and commit work as for root, and a failing step is taken back."""
    allow(ALL)

    @task
    def converge(ctx: Context, *, fails: bool = False) -> None:
        ctx.ensure(
            File(path=yard.at("short"), content="short\n"),
            File(path=yard.at("long"), content="x" * 60_000),
        )
        if fails:
            raise RuntimeError("after all")

    yard.fleet()
    entry = login(yard.sshd.entry("gpu-01"), user=USER, sudo_password=Secret(PASSWORD))
    fleet = yard.fleet_of(entry)
    assert only(fleet.run(converge, fails=True)).rollback == "complete"
    assert list(yard.home().iterdir()) == []
    assert only(fleet.run(converge)).status is Status.CHANGED
    assert (yard.home() / "long").owner() == "root"
    assert only(fleet.run(converge)).status is Status.OK


def test_an_upload_through_sudo_is_whole(yard: Yard) -> None:
    """Not one byte of the password or of the handshake is in the file."""
    allow(ALL)
    data = bytes(range(256)) * 20_000

    def body(ctx: Context) -> str:
        session: SshSession = ctx._wire  # the wire itself
        staged = session.upload(
            BytesIO(data), to=PurePosixPath(yard.at("binary")), run="20260101-000000-sudo.x.1",
            sha256=hashlib.sha256(data).hexdigest(), within=60,
        )  # fmt: skip
        ctx.run(("rm", "-rf", "/var/lib/dcov/journal/20260101-000000-sudo.x.1"))
        return staged.path

    @task
    def send(ctx: Context) -> str:
        return body(ctx)

    yard.fleet()
    found = outcome(yard, send, sudo_password=Secret(PASSWORD))
    assert found.status is Status.OK, found.why
    assert Path(found.value).read_bytes() == data


def test_no_password_in_any_process_list(yard: Yard) -> None:
    """Neither argv nor the environment of any process holds it, at any time of a run."""
    allow(ALL)
    seen: list[str] = []
    over = threading.Event()
    looks = [0]

    def look() -> None:
        while not over.is_set():
            looks[0] += 1
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        text = (process / name).read_bytes()
                    except OSError:
                        continue
                    if PASSWORD.encode() in text:
                        seen.append(f"{process}/{name}")
            time.sleep(0.005)

    @task
    def busy(ctx: Context) -> None:
        for _ in range(3):
            ctx.run(("sleep", "0.2"), reads=True)
            ctx.run(("sleep", "0.2"))

    looking = threading.Thread(target=look)
    looking.start()
    found = outcome(yard, busy, sudo_password=Secret(PASSWORD))
    over.set()
    looking.join()
    assert found.status is Status.OK, found.why
    assert looks[0] > 5
    assert seen == []


def test_cancel_takes_back_through_sudo(yard: Yard) -> None:
    """What was applied is undone after a cancel too, though that needs a new sudo."""
    allow(ALL)
    yard.fleet()
    entered = threading.Event()

    @task
    def converge(ctx: Context) -> None:
        ctx.ensure(File(path=yard.at("conf"), content="new\n"))
        entered.set()
        ctx.run(("sleep", "60"), reads=True, within=60)

    entry = login(yard.sshd.entry("gpu-01"), user=USER, sudo_password=Secret(PASSWORD))
    run = yard.fleet_of(entry).start(converge)
    assert entered.wait(30)
    run.cancel()
    found = only(run.wait(30))
    assert (found.status, found.rollback) == (Status.CANCELLED, "complete")
    assert list(yard.home().iterdir()) == []
