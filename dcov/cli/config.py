"""`dcov config`: check, show and describe the configuration; keep copy and master alike."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dcov.cli.form import Form, Listing, show, show_document, write
from dcov.cli.options import Look, spread
from dcov.cli.progress import say
from dcov.config.passwords import checked_for_deploy
from dcov.config.schema import schema as schema_of
from dcov.config.search import find_config
from dcov.config.show import show as shown
from dcov.errors import ConfigError
from dcov.exporters import CATALOGUE
from dcov.inventory.notices import notices
from dcov.inventory.open_site import open_site

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)


@app.callback()
def config() -> None:
    """Check, show and describe the configuration; keep copy and master alike."""


@app.command("check")
@spread
def check(*, how: Look) -> None:
    """Read the configuration; say everything that is wrong, and what has no effect.

    Ends with 0 where it can be used, notices or not, and with 2 where it cannot; a password that
    is too short, or known to everybody, is among what it cannot be used with.
    """
    site = open_site(how.config)
    if weak := checked_for_deploy(site.settings, path=site.path):
        raise ConfigError(problems=weak)
    rows = [
        {
            "file": str(notice.file or ""),
            "line": notice.line,
            "key": notice.key,
            "message": notice.message,
            "instead": notice.instead,
        }
        for notice in notices(site, ports={item.name: item.port for item in CATALOGUE})
    ]
    columns = ("file", "line", "key", "message", "instead")
    if rows or how.form is not Form.TABLE:
        show(Listing(kind="notices", rows=rows, columns=columns, key="key"), how.form)
    servers = f"{len(site.entries)} servers, master {site.master.name}"
    say(f"{site.path}: can be used ({servers}, {len(rows)} notices)")


@app.command("show")
@spread
def show_(*, how: Look) -> None:
    """Show what is in force, defaults included and secrets masked; and which file it is from."""
    found = find_config(how.config)
    site = open_site(how.config)
    say(f"{found.path} (by {found.rule})")
    show_document(shown(site.settings), Form.YAML if how.form is Form.TABLE else how.form)


@app.command("schema")
@spread
def schema(*, how: Look) -> None:
    """Print the JSON schema of fleet-config.yaml, for editors."""
    show_document(schema_of(), Form.JSON if how.form is Form.TABLE else how.form)


class Side(StrEnum):
    """Whose value is kept where both sides changed one entry."""

    MINE = "mine"
    MASTER = "master"


@app.command("diff")
@spread
def diff(*, how: Look) -> None:
    """Show how this copy of the site differs from the master's: - there, + here."""
    from dcov.deployed import compare
    from dcov.fleet import Fleet

    fleet = Fleet.load(how.config)
    copy, theirs = compare(fleet)
    for line in copy.difference(theirs):
        write(line)
    say(copy.standing(theirs, server=fleet.master.name))


@app.command("pull")
@spread
def pull_(
    *,
    keep: Annotated[
        Side | None, typer.Option(help="Whose value to keep where both sides changed an entry.")
    ] = None,
    how: Look,
) -> None:
    """Take over into this copy what the master's site says since they were last alike.

    Entries that only one side changed are merged, comments and passwords here stay. An entry that
    both changed is named with both lines, and nothing is written unless --keep decides.
    """
    from dcov.deployed import pull
    from dcov.fleet import Fleet

    keep_ours = None if keep is None else keep is Side.MINE
    done = pull(Fleet.load(how.config), keep_ours=keep_ours)
    for file in done.changed:
        say(f"{file}: changed")
    say(f"this copy holds all of revision {done.revision}")


@app.command("push")
@spread
def push_(*, how: Look) -> None:
    """Write this copy of the site on the master, as every deploy does.

    Passwords and paths of keys stay here. Stops with the difference where the master's site has
    changed since this copy was made of it.
    """
    from dcov.deployed import push
    from dcov.fleet import Fleet

    fleet = Fleet.load(how.config)
    say(f"{fleet.master.name} has revision {push(fleet)}")
