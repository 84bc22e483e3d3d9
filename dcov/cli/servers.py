"""`dcov servers`: list, check and change the servers of the site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dcov.cli.complete import complete_limit, complete_server
from dcov.cli.form import Listing, show
from dcov.cli.options import Look, Watching, spread
from dcov.cli.progress import say

if TYPE_CHECKING:
    from dcov.inventory.entry import Entry

COLUMNS = ("name", "role", "address", "user", "jump", "gpu", "labels")
MORE = ("scrape_address", "exporter_ports", "key_path", "bmc_address", "groups")

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)


@app.callback()
def servers() -> None:
    """List, check and change the servers of the site."""


@app.command("list")
@spread
def list_(
    *,
    pattern: Annotated[
        str,
        typer.Argument(
            metavar="PATTERN", help="Servers, as for --limit.", autocompletion=complete_limit
        ),
    ] = "*",
    how: Look,
) -> None:
    """List the servers that the site declares; none is asked."""
    from dcov.fleet import Fleet

    fleet = Fleet.load(how.config)
    entries = fleet.where(pattern).servers if len(fleet) else ()
    rows = [_row(entry) for entry in entries]
    show(Listing(kind="servers", rows=rows, columns=COLUMNS, more=MORE), how.form)


@app.command("check")
@spread
def check(*, how: Watching) -> None:
    """Log in to servers; say of each whether dcov can work there, and what to do if not."""
    from dcov.cli.outcome import finish
    from dcov.tasks import check_servers

    finish(how, lambda fleet: fleet.run(check_servers))


@app.command("add")
@spread
def add(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")],
    server_ip: Annotated[str, typer.Argument(metavar="ADDRESS", help="Its IP or DNS name.")],
    ssh_host: Annotated[
        str | None, typer.Option(help="Where sshd answers, if not at ADDRESS.")
    ] = None,
    ssh_port: Annotated[int | None, typer.Option(metavar="PORT", help="Port of sshd.")] = None,
    ssh_user: Annotated[str | None, typer.Option(help="User to log in as.")] = None,
    ssh_key_path: Annotated[Path | None, typer.Option(help="Private key to log in with.")] = None,
    ssh_jump: Annotated[
        str | None,
        typer.Option(help="Server to log in through.", autocompletion=complete_server),
    ] = None,
    bmc_ip: Annotated[str | None, typer.Option(help="Address of its BMC.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label on its metrics.")
    ] = None,
    how: Look,
) -> None:
    """Add a server to fleet-config.yaml; comments there stay."""
    from dcov.config.edit import add_server
    from dcov.config.search import find_config

    keys = {
        "name": name,
        "server_ip": server_ip,
        "ssh_host": ssh_host,
        "ssh_port": ssh_port,
        "ssh_user": ssh_user,
        "ssh_key_path": str(ssh_key_path) if ssh_key_path else None,
        "ssh_jump": ssh_jump,
        "bmc_ip": bmc_ip,
        "labels": dict(_pair(text) for text in label) if label else None,
    }
    config = add_server(find_config(how.config).path, server=keys)
    say(f"{config.path}: {name} added, {len(config.settings.declared)} servers")


@app.command("remove")
@spread
def remove(
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Its name.", autocompletion=complete_server)
    ],
    how: Look,
) -> None:
    """Take a server out of fleet-config.yaml; nothing is done on the server itself."""
    from dcov.config.edit import remove_server
    from dcov.config.search import find_config

    config = remove_server(find_config(how.config).path, name=name)
    say(f"{config.path}: {name} removed, {len(config.settings.declared)} servers")
    say("-> what dcov installed there stays, and runs; `dcov run remove-exporters` goes before")


@app.command("import")
@spread
def import_(
    *,
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="FILE", help="The list; - for standard input.")
    ],
    how: Look,
) -> None:
    """Add the servers of a list: CSV with a header, or lines of IP, NAME,IP or NAME,IP,BMC.

    Passwords in the list are not written into fleet-config.yaml; it is said which are left out.
    """
    from dcov.config.edit import add_servers
    from dcov.config.search import find_config
    from dcov.config.source import decoded
    from dcov.inventory.open_site import open_site
    from dcov.inventory.server_list import parse_servers, plain_keys

    path = find_config(how.config).path
    taken = open_site(path).entries
    name = Path(getattr(file, "name", "-"))
    found = parse_servers(decoded(file.read(), file=name), taken=taken, file=name)
    add_servers(path, servers=map(plain_keys, found))
    say(f"{path}: {len(found)} servers added")
    secret = [str(server.name) for server in found if server.ssh_password or server.bmc_password]
    if secret:
        say(f"-> the passwords of {', '.join(secret)} belong into .secrets.yaml, under")
        say("   server_ssh_passwords and server_bmc_passwords; they were not written")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not KEY=VALUE")
    return key, value


def _row(entry: Entry) -> dict[str, Any]:
    login = entry.login
    return {
        "name": entry.name,
        "role": entry.role.value,
        "address": login.place,
        "user": "" if login.local else login.user,
        "jump": login.jump,
        "gpu": entry.has_gpu,
        "labels": dict(entry.labels),
        "scrape_address": entry.scrape_address,
        "exporter_ports": dict(entry.exporter_ports),
        "key_path": str(login.key_path) if login.key_path else None,
        "bmc_address": entry.bmc_address,
        "groups": list(entry.groups),
    }
