"""dcov tasks in somebody else's Nornir, over a real sshd."""

from __future__ import annotations

from ssh.fleets import Yard

from dcov import Context, task
from dcov.resources import File


def test_a_plain_run_knows_the_host_keys_of_the_site(yard: Yard) -> None:
    """They lie beside the site's configuration, and nowhere else."""
    fleet = yard.fleet("gpu-01")

    @task(on="all")
    def write(ctx: Context) -> str:
        ctx.ensure(File(path=yard.at("conf", ctx.name), content="new\n"))
        return ctx.name

    nornir = fleet.nornir
    results = nornir.run(task=write)
    nornir.close_connections()
    assert results["gpu-01"][0].result == "gpu-01", results["gpu-01"][0].exception
    assert (yard.home() / "conf").read_text() == "new\n"


def test_a_plain_run_refuses_a_key_that_the_site_does_not_know(yard: Yard) -> None:
    """The same, once the site's known_hosts is gone."""
    fleet = yard.fleet("gpu-01")
    (yard.folder / "known_hosts").unlink()

    @task(on="all")
    def look(ctx: Context) -> None:
        ctx.run(("true",), reads=True)

    nornir = fleet.nornir
    result = nornir.run(task=look)["gpu-01"][0]
    nornir.close_connections()
    assert getattr(result.exception, "code", "") == "host-key-unknown"
