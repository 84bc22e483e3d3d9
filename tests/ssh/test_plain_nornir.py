"""dcov and somebody else's Nornir, over a real sshd: plugins go both ways by their names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from nornir import InitNornir
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.plugins.inventory import InventoryPluginRegister
from nornir.core.plugins.runners import RunnersPluginRegister
from ssh.fleets import Yard

from dcov import Context, Fleet, task
from dcov.resources import File


@pytest.fixture
def unknown_plugins() -> Iterator[None]:
    """Have InitNornir find the plugins by itself, as in a process that has just begun."""
    registers = (ConnectionPluginRegister, InventoryPluginRegister, RunnersPluginRegister)
    for register in registers:
        register.deregister_all()
    yield
    for register in registers:
        register.deregister_all()


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


@pytest.mark.usefixtures("unknown_plugins")
def test_dcovs_plugins_are_found_by_their_names(yard: Yard) -> None:
    """Inventory, runner and connection, in a Nornir that its user sets up."""
    yard.fleet("gpu-01", "gpu-02")
    sshd = yard.sshd
    config = yard.folder / "fleet-config.yaml"
    servers = [{"name": f"gpu-0{n}", "server_ip": sshd.address(n)} for n in (1, 2)]
    ssh = {"username": sshd.user, "key_path": str(sshd.key_path), "port": sshd.port}
    config.write_text(yaml.safe_dump({"ssh": ssh, "servers": servers}))
    nornir = InitNornir(
        inventory={"plugin": "dcov-fleet", "options": {"config": str(config)}},
        runner={"plugin": "dcov-runner"},
        logging={"enabled": False},
    )

    @task(on="all")
    def look(ctx: Context) -> str:
        return ctx.run(("echo", ctx.name), reads=True).stdout

    results = nornir.filter(role="worker").run(task=look)
    nornir.close_connections()
    assert {name: result[0].result for name, result in results.items()} == {
        "gpu-01": "gpu-01\n",
        "gpu-02": "gpu-02\n",
    }


@pytest.mark.usefixtures("unknown_plugins")
def test_a_fleet_from_another_inventory_plugin(yard: Yard) -> None:
    """nornir-utils' YAMLInventory, whose group says how to log in."""
    yard.fleet("gpu-01", "gpu-02")
    sshd = yard.sshd
    hosts = {f"gpu-0{n}": {"hostname": sshd.address(n), "groups": ["rack"]} for n in (1, 2)}
    rack = {"port": sshd.port, "username": sshd.user, "data": {"key_path": str(sshd.key_path)}}
    place = {"site_path": str(yard.folder / "fleet-config.yaml")}
    written = {"host": hosts, "group": {"rack": rack}, "defaults": {"data": place}}
    for name, content in written.items():
        (yard.folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    options = {f"{name}_file": str(yard.folder / f"{name}.yaml") for name in written}
    nornir = InitNornir(
        inventory={"plugin": "YAMLInventory", "options": options}, logging={"enabled": False}
    )
    report = Fleet.from_nornir(nornir).where("rack").sh("echo well")
    assert report.summary == "2 ok"
