"""Commands and uploads on a real sshd, and the same on this machine without one."""

from __future__ import annotations

import hashlib
import os
import pwd
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ssh.fleets import QUICK, Yard, eventually, login, running

from dcov.cancel import Cancel, Cancelled
from dcov.engine.options import Options
from dcov.engine.scope import open_links
from dcov.errors import (
    ChecksumError,
    CommandFailedError,
    CommandTimeoutError,
    DiskFullError,
    LinkLostError,
    NotReadOnlyError,
)
from dcov.inventory.entry import Entry, Login
from dcov.secret import Masker, Secret
from dcov.ssh.command import Shell
from dcov.ssh.exchange import Tie
from dcov.ssh.local import LocalSession
from dcov.ssh.readonly import ReadOnly
from dcov.ssh.session import SshSession, WiredSession
from dcov.testing.faults import closed_port
from dcov.testing.proxy import DelayProxy
from dcov.testing.sshd import LoopbackSshd

PASSWORD = "correct-horse-battery"
MASKER = Masker.of([Secret(PASSWORD)])


class Bench:
    """Sessions of a test, closed at its end."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.cancel = Cancel()
        self._links: list[Any] = []

    def ssh(self, **changes: Any) -> SshSession:
        entry = login(self.yard.sshd.entry("gpu-01"), **changes)
        site = self.yard.fleet_of(entry).site
        links = open_links(site, options=Options(patience=QUICK), cancel=self.cancel)
        self._links.append(links)
        return SshSession(entry, links=links, masker=MASKER, cancel=self.cancel)

    def local(self) -> LocalSession:
        entry = Entry(name="here", login=Login(address="localhost", local=True))
        return LocalSession(entry, masker=MASKER, cancel=self.cancel)

    def close(self) -> None:
        for links in self._links:
            links.close_all()


@pytest.fixture
def bench(yard: Yard) -> Iterator[Bench]:
    bench = Bench(yard)
    yield bench
    bench.close()


@pytest.fixture(params=["ssh", "local"])
def session(request: pytest.FixtureRequest, bench: Bench) -> WiredSession:
    made: WiredSession = getattr(bench, request.param)()
    return made


@pytest.mark.parametrize("tie", list(Tie))
def test_exit_codes_and_both_streams(session: WiredSession, tie: Tie) -> None:
    """A command's exit code and its two streams come back as they are."""
    done = session.run(Shell("echo out; echo err >&2; exit 37"), within=20, tie=tie)
    assert (done.exit_code, done.stdout, done.stderr) == (37, "out\n", "err\n")
    assert session.run(("true",), within=20, tie=tie).ok


def test_an_argv_is_no_shell_text(session: WiredSession) -> None:
    """Words arrive as they are: quotes, newlines, unicode, what a shell would expand."""
    words = (
        "it's",
        'a "b"',
        "two\nlines",
        "gr\u00fc\u00df \u732b",
        "$HOME `id` \\ *",
        "",
        "-n",
        "~",
    )
    done = session.run(("printf", "[%s]", *words), within=20)
    assert done.stdout == "".join(f"[{word}]" for word in words)
    with pytest.raises(TypeError):
        session.run("echo hi", within=5)


def test_a_long_script_with_everything_in_it(session: WiredSession) -> None:
    """A script travels by stdin: no limit of an argv, no quoting, and nothing of it in `ps`."""
    padding = '# it\'s "quoted" \u732b\n' * 20_000
    script = Shell(f"{padding}cat <<'E'\nlast's line\nE\ngrep -c . /proc/$$/cmdline; printf end")
    done = session.run(script, within=30, reads=True)
    assert done.stdout.splitlines()[0] == "last's line"
    assert done.stdout.endswith("end")


@pytest.mark.parametrize("tie", list(Tie))
def test_a_script_that_a_cut_link_shortens_is_not_begun(
    bench: Bench, yard: Yard, tie: Tie, tmp_path: Path
) -> None:
    """Half a script may be another one: what did not come whole is not run."""
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    padding = "# what is left is a script as well\n" * 200_000
    text = Shell(f"touch {begun}\n{padding}touch {ended}")

    def cut() -> None:
        assert eventually(lambda: running("dcov-whole"))  # it reads
        proxy.cut()

    # Far away, so that no more than SSH's window of 2 of the 7 MB has come by then.
    with DelayProxy(yard.sshd.port, delay=0.2) as proxy:
        session = bench.ssh(port=proxy.port)
        session.run(("true",), within=20)
        cutting = threading.Thread(target=cut)
        cutting.start()
        with pytest.raises(LinkLostError):
            session.run(text, within=20, tie=tie)
        cutting.join()
        bench.close()
    assert eventually(lambda: not running("dcov-whole"))
    assert not begun.exists()
    assert not ended.exists()


def test_a_command_reads_nothing_of_its_script(session: WiredSession) -> None:
    """A child that reads stdin gets its end, and does not eat the rest of the script."""
    for reads in (True, False):
        done = session.run(Shell("cat; head -c 5; echo after"), within=20, reads=reads)
        assert done.stdout == "after\n"


@pytest.mark.parametrize("tie", list(Tie))
def test_a_signal_is_minus_one(bench: Bench, tie: Tie) -> None:
    """What a signal ended is told from a lost link: sshd sends no exit code for both."""
    done = bench.ssh().run(Shell("echo before; kill -9 $$"), within=20, tie=tie)
    assert done.exit_code in (-1, 137)
    assert done.stdout == "before\n"


def test_much_output_is_no_failure(session: WiredSession) -> None:
    """Of 20 MB on one stream its tail is kept, and the command ends as it should."""
    script = Shell("yes 0123456789abcde | head -c 20000000 >&2; echo last >&2; exit 3")
    done = session.run(script, within=60)
    assert (done.exit_code, done.cut, done.stdout) == (3, True, "")
    assert len(done.stderr.encode()) == 65_536
    assert done.stderr.endswith("0123456789abcde\nlast\n")


def test_both_streams_at_once(session: WiredSession) -> None:
    """Neither stream waits for the other, and a sink gets every byte of stdout."""
    script = Shell(
        "i=0; while [ $i -lt 40 ]; do head -c 50000 /dev/zero;"
        " head -c 50000 /dev/zero >&2; i=$((i+1)); done"
    )
    got: list[bytes] = []
    done = session.run(script, within=60, reads=True, sink=got.append)
    assert (done.exit_code, sum(map(len, got))) == (0, 2_000_000)


def test_binary_output(session: WiredSession) -> None:
    """A sink gets bytes as they were; the text replaces what is no UTF-8."""
    got: list[bytes] = []
    done = session.run(Shell(r"printf '\000\377\200x'"), within=20, reads=True, sink=got.append)
    assert b"".join(got) == b"\x00\xff\x80x"
    assert done.stdout == "\x00\ufffd\ufffdx"


def test_a_command_past_its_deadline_is_ended(session: WiredSession, tmp_path: Path) -> None:
    """The error has the command, the seconds and the last words; on the server nothing is left."""
    script = Shell(f"echo waiting; sleep 300 & sleep 301; : {tmp_path}")
    with pytest.raises(CommandTimeoutError) as caught:
        session.run(script, within=1.5, reads=True, shown="the long one")
    assert (caught.value.command, caught.value.seconds) == ("the long one", 1.5)
    assert eventually(lambda: running("sleep\x00300") == [] == running("sleep\x00301"))
    assert session.run(("echo", "next"), within=20).stdout == "next\n"


def test_one_that_ignores_the_request_to_end_is_killed(
    session: WiredSession, tmp_path: Path
) -> None:
    """A command that traps TERM is killed two seconds later, with all that it has started."""
    script = Shell(f"trap '' TERM; touch {tmp_path}/begun; sleep 303 & sleep 304; : {tmp_path}")
    with pytest.raises(CommandTimeoutError):
        session.run(script, within=1.0, reads=True)
    (tmp_path / "begun").unlink()
    assert running("sleep\x00303")  # both ignore it
    assert eventually(lambda: running("sleep\x00303") == [] == running("sleep\x00304"))


def test_one_that_is_ended_may_clear_up(session: WiredSession, tmp_path: Path) -> None:
    """It is asked before it is killed."""
    script = Shell(f"trap 'touch {tmp_path}/cleared; exit' TERM; sleep 305 & wait")
    with pytest.raises(CommandTimeoutError):
        session.run(script, within=1.0, reads=True)
    assert eventually((tmp_path / "cleared").exists, within=5)


def test_a_daemon_that_keeps_the_streams_does_not_hold_us(
    session: WiredSession, tmp_path: Path
) -> None:
    """A command that leaves a process behind ends when it ends, not when that one does."""
    for tie in Tie:
        began = time.monotonic()
        script = Shell(f"sleep 30 & echo $! >{tmp_path}/pid; echo started; exit 4")
        done = session.run(script, within=25, tie=tie)
        assert (done.exit_code, done.stdout) == (4, "started\n")
        assert time.monotonic() - began < 10
        if tie is Tie.FREE:  # a daemon is meant to stay
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_cancel_ends_what_only_reads(session: WiredSession, bench: Bench) -> None:
    """A cancelled command is given up at once and ended on the server."""
    threading.Timer(0.8, bench.cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        session.run(("sleep", "302.5"), within=60, reads=True)
    assert time.monotonic() - began < 5
    assert eventually(lambda: running("sleep\x00302.5") == [])


def test_what_begins_after_the_cancel_is_not_waited_for(bench: Bench) -> None:
    """Also where nobody is there to be woken yet when it comes."""
    session = bench.ssh()
    session.run(("true",), within=20)
    bench.cancel.set()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        session.run(("sleep", "25.5"), within=20, reads=True)
    assert time.monotonic() - began < 5


def test_cancel_lets_a_change_come_to_its_end(session: WiredSession, bench: Bench) -> None:
    """What must not stop half way is waited for."""
    threading.Timer(0.5, bench.cancel.set).start()
    done = session.run(Shell("sleep 1.5; echo done"), within=60)
    assert done.stdout == "done\n"


def test_secrets_do_not_come_back(session: WiredSession) -> None:
    """Both streams, the command itself and a failure's last words are masked."""
    script = Shell(f"echo {PASSWORD}; echo x{PASSWORD}y >&2; exit 1")
    done = session.run(script, within=20)
    assert (done.stdout, done.stderr) == ("***\n", "x***y\n")
    assert PASSWORD not in repr(done)
    with pytest.raises(CommandTimeoutError) as caught:
        session.run(Shell(f"echo {PASSWORD} >&2; sleep 20"), within=1.0, reads=True)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("shift", range(0, len(PASSWORD) + 2, 4))
def test_a_secret_that_the_tail_cuts_is_not_shown(bench: Bench, shift: int) -> None:
    """Where the tail begins within a secret, no part of it is left."""
    after = 65_536 - len(PASSWORD) + shift
    script = Shell(f"head -c 70000 /dev/zero | tr '\\0' a; printf %s {PASSWORD}; "
                   f"head -c {after} /dev/zero | tr '\\0' b")  # fmt: skip
    done = bench.local().run(script, within=30)
    assert set(done.stdout) <= set("ab*")


def test_a_plan_only_reads(bench: Bench) -> None:
    """A plan's session refuses what is not marked as reading, before anything is sent."""
    session = bench.ssh()
    planning = ReadOnly(session)
    with pytest.raises(NotReadOnlyError):
        planning.run(("touch", "/tmp/x"), within=5)
    with pytest.raises(NotReadOnlyError):
        upload(planning, b"x", to="/tmp/x")
    assert session.costs.execs == 0
    assert planning.run(("echo", "hi"), within=20, reads=True).stdout == "hi\n"
    assert planning.costs.execs == 1


def upload(session: Any, data: bytes, *, to: str | PurePosixPath, sha256: str = "") -> Any:
    return session.upload(
        BytesIO(data),
        to=PurePosixPath(to),
        run="20260101-000000-test.x.1",
        sha256=sha256 or hashlib.sha256(data).hexdigest(),
        within=60,
    )


def forget(session: Any) -> None:
    session.run(Shell("rm -rf /var/lib/dcov/journal/20260101-000000-test.x.1"), within=20)


def test_an_upload_is_staged_and_verified(session: WiredSession, yard: Yard) -> None:
    """20 MB arrive beside the target, root's alone, under the digest that the server computed."""
    data = os.urandom(20_000_000)
    yard.fleet()
    staged = upload(session, data, to=yard.at("not/yet/there/binary"))
    path = Path(staged.path)
    assert path.parent == yard.home()  # the nearest folder that exists
    assert path.read_bytes() == data
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert session.costs.uploaded == 20_000_000
    assert session.costs.execs == 1
    forget(session)


def test_an_upload_that_is_another_file_is_refused(session: WiredSession, yard: Yard) -> None:
    """A digest that differs is an error that names both."""
    yard.fleet()
    with pytest.raises(ChecksumError) as caught:
        upload(session, b"other", to=yard.at("binary"), sha256="0" * 64)
    assert caught.value.actual == hashlib.sha256(b"other").hexdigest()
    forget(session)


def test_a_full_disk_is_named(session: WiredSession, yard: Yard) -> None:
    """No room is told from other failures, and nothing of the file is left there."""
    yard.fleet()
    small = yard.home() / "small"
    small.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small), check=True)
    try:
        with pytest.raises(DiskFullError) as caught:
            upload(session, os.urandom(5_000_000), to=small / "binary")
        assert "KiB were free" in caught.value.detail
        assert list(small.iterdir()) == []
    finally:
        forget(session)
        subprocess.run(("umount", "-l", small), check=True)


def test_a_disk_that_cannot_be_written_is_named(session: WiredSession, yard: Yard) -> None:
    """What hinders an upload, where it is not for want of room, is in the error."""
    yard.fleet()
    frozen = yard.home() / "frozen"
    frozen.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", frozen), check=True)
    try:
        with pytest.raises(CommandFailedError, match="Read-only file system"):
            upload(session, b"x", to=frozen / "binary")
    finally:
        forget(session)
        subprocess.run(("umount", "-l", frozen), check=True)


def test_an_sshd_that_runs_no_command(yard: Yard) -> None:
    """A login that leads to nothing is a fault of the link, in sshd's words."""
    with LoopbackSshd(options={"MaxSessions": "0"}) as mute:
        entry = mute.entry("gpu-01")
        fleet = yard.fleet_of(entry)
        (yard.folder / "known_hosts").write_bytes(mute.known_hosts(["gpu-01"]).read_bytes())
        outcome = fleet.sh("true")["gpu-01"]
    assert outcome.code == "link-lost"
    assert "starting a command" in outcome.why


def test_a_port_on_which_nothing_listens(session: WiredSession) -> None:
    """The same error wherever the server is: nobody need know that the master is this machine."""
    with closed_port() as fault, pytest.raises(ConnectionRefusedError):
        session.open_port(fault.port, within=5)


def test_a_port_behind_a_link_that_is_frozen(bench: Bench, yard: Yard) -> None:
    """It is the link that does not answer, and not the port that is closed."""
    with DelayProxy(yard.sshd.port) as proxy:
        session = bench.ssh(port=proxy.port)
        session.run(("true",), within=20)
        proxy.freeze()
        with pytest.raises(LinkLostError, match=f"opening port {yard.sshd.port}"):
            session.open_port(yard.sshd.port, within=1)
        proxy.thaw()
        bench.close()


def test_a_link_cut_during_an_upload(bench: Bench, yard: Yard) -> None:
    """The error says that the link broke, and the session connects anew for the next command."""

    class Cutting(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 3_000_000:
                proxy.cut()
            return super().read(size)

    with DelayProxy(yard.sshd.port) as proxy:
        session = bench.ssh(port=proxy.port)
        content = Cutting(os.urandom(20_000_000))
        with pytest.raises(LinkLostError) as caught:
            session.upload(content, to=yard.at("binary"), run="20260101-000000-test.x.1",
                           sha256="", within=60)  # fmt: skip
        assert "upload" in caught.value.why
        assert session.run(("echo", "again"), within=20).stdout == "again\n"
        assert session.costs.connections == 2
        forget(session)
        bench.close()


def test_a_cancel_ends_an_upload(session: WiredSession, bench: Bench, yard: Yard) -> None:
    """What only stages is not sent to its end."""

    class Cancelling(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 3_000_000:
                bench.cancel.set()
            return super().read(size)

    yard.fleet()
    content = Cancelling(bytes(20_000_000))
    with pytest.raises(Cancelled):
        session.upload(content, to=yard.at("binary"), run="20260101-000000-test.x.1",
                       sha256="", within=60)  # fmt: skip
    assert content.tell() < 8_000_000
    forget(session)


@pytest.mark.parametrize("way", ["cut", "crash"])
def test_a_link_that_breaks_is_no_signal(bench: Bench, yard: Yard, way: str) -> None:
    """A lost link is never taken for a command that a signal ended, however often it is tried."""
    with DelayProxy(yard.sshd.port) as proxy:
        session = bench.ssh(port=proxy.port)
        for n in range(10):
            flag = yard.folder / f"begun{n}"
            outcome: list[object] = []
            thread = threading.Thread(target=_run_into, args=(outcome, session, flag))
            thread.start()
            assert eventually(flag.exists)
            proxy.cut() if way == "cut" else yard.sshd.drop_connections()
            thread.join(15)
            assert isinstance(outcome[0], LinkLostError), outcome
        bench.close()


def _run_into(outcome: list[object], session: SshSession, flag: Path) -> None:
    try:
        outcome.append(session.run(Shell(f"touch {flag}; sleep 5"), within=20, reads=True))
    except LinkLostError as error:
        outcome.append(error)


def test_costs_are_counted(bench: Bench, yard: Yard) -> None:
    """Connections, commands and channels, where they happen."""
    session = bench.ssh()
    session.run(("true",), within=20)
    session.run(("true",), within=20)
    session.open_port(yard.sshd.port, within=5).close()
    with pytest.raises(ConnectionRefusedError):
        session.open_port(1, within=5)
    costs = session.costs
    assert (costs.connections, costs.execs, costs.channels, session.attempts) == (1, 2, 2, 1)


def test_who_is_here_is_told_by_the_process(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOGNAME is still who logged in, after a plain `su` as below `runuser -u`."""
    monkeypatch.setenv("LOGNAME", "nobody")
    assert bench.local().login.user == "root"
    monkeypatch.setenv("LOGNAME", "root")
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        user = bench.local().login.user
    finally:
        os.seteuid(0)
    assert user == "nobody"
