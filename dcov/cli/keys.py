"""`dcov keys`: the fleet key, and the servers' host keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dcov.cli.complete import complete_limit, complete_server
from dcov.cli.faults import ExitCode
from dcov.cli.form import Listing, show
from dcov.cli.options import Changing, Look, spread
from dcov.cli.progress import say

if TYPE_CHECKING:
    from dcov.ssh.enrolment import Proposal
    from dcov.ssh.scan import Scanned

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)


@app.callback()
def keys() -> None:
    """The fleet key and the servers' host keys."""


@app.command("generate")
@spread
def generate(*, how: Look) -> None:
    """Make the fleet key: ed25519, at ssh.key_path or in ssh_keys/; never over another."""
    from dcov.inventory.open_site import open_site
    from dcov.ssh import fleet_key

    site = open_site(how.config)
    key = fleet_key.generate(fleet_key.fleet_key_path(site), comment=f"dcov {site.name}".strip())
    row = {"path": str(key.path), "fingerprint": key.fingerprint, "public": key.public}
    show(Listing(kind="keys", rows=[row], columns=("path", "fingerprint"), key="path"), how.form)
    if site.settings.ssh.key_path is None:
        say(f"-> write `key_path: {key.path}` under `ssh:` of {site.path}")
    say("-> `dcov keys deploy` lets it in on the servers")


@app.command("deploy")
@spread
def deploy(*, how: Changing) -> None:
    """Let the fleet key in on servers: run the task setup-ssh-keys."""
    from dcov.cli.run import run
    from dcov.tasks import setup_ssh_keys

    run(setup_ssh_keys, {}, how)


@app.command("scan")
@spread
def scan(
    *,
    pattern: Annotated[
        str,
        typer.Argument(
            metavar="PATTERN", help="Servers, as for --limit.", autocompletion=complete_limit
        ),
    ] = "*",
    how: Look,
) -> None:
    """Ask servers for their host keys; new and changed ones wait for `dcov keys approve`."""
    from dcov.fleet import Fleet
    from dcov.ssh.scan import scan as ask

    fleet = Fleet.load(how.config).where(pattern)
    found = list(ask(fleet.site, fleet.servers))
    columns = ("name", "status", "type", "fingerprint", "what")
    show(Listing(kind="keys", rows=[_row(one) for one in found], columns=columns), how.form)
    if any(one.error for one in found):
        raise typer.Exit(ExitCode.UNREACHABLE)


@app.command("approve")
@spread
def approve(
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Servers whose keys you compared.", autocompletion=complete_server
        ),
    ] = None,
    fingerprint: Annotated[
        str | None, typer.Option(help="Only the key with this fingerprint.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    how: Look,
) -> None:
    """Trust the keys that wait for these servers; without a name, list what waits."""
    from dcov.inventory.open_site import open_site
    from dcov.ssh import enrolment

    file = open_site(how.config).known_hosts
    waiting = enrolment.proposals(file)
    chosen = [proposal.name for proposal in waiting] if everything else names or []
    approved = enrolment.approve(file, *chosen, fingerprint=fingerprint) if chosen else ()
    rows = [_waiting(one) for one in approved or waiting]
    columns = ("name", "type", "fingerprint")
    show(Listing(kind="keys", rows=rows, columns=columns), how.form)
    say(f"{file}: {len(approved)} keys approved" if chosen else "these wait; name them, or --all")


def _row(one: Scanned) -> dict[str, Any]:
    if one.error is not None:
        status, what = "unreachable", f"{one.error.why}\n-> {one.error.remedy}"
    else:
        status = str(one.verdict)
        what = f"known_hosts says {', '.join(one.known)}" if status == "changed" else ""
    return {
        "name": one.server,
        "status": status,
        "type": one.key_type,
        "fingerprint": one.fingerprint,
        "what": what,
    }


def _waiting(proposal: Proposal) -> dict[str, Any]:
    return {
        "name": proposal.name,
        "type": proposal.key_type,
        "fingerprint": proposal.fingerprint,
    }
