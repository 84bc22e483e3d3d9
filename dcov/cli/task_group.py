"""A group whose commands are the tasks: those that dcov ships and those beside the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from dcov.cli.complete import outline_tasks, site_path
from dcov.cli.options import Changing
from dcov.cli.remember import config_of
from dcov.cli.task_options import task_function

if TYPE_CHECKING:
    from dcov.discovery import AnyTask

    Act = Callable[[AnyTask, Mapping[str, Any], Changing], None]


def task_app(act: Act, *, text: str) -> typer.Typer:
    """Return an app with one command for each task; calling one calls `act`."""

    class TaskGroup(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            """Take the task's options also before its name."""
            known = _outline(ctx, args)
            at = next((n for n, word in enumerate(args) if word in known), 0)
            return super().parse_args(ctx, [args[at], *args[:at], *args[at + 1 :]] if at else args)

        def list_commands(self, ctx: Any) -> list[str]:
            return list(_outline(ctx))

        def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
            line = _outline(ctx).get(cmd_name)
            return None if line is None else TyperCommand(cmd_name, help=line)

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            from dcov.config.search import find_config
            from dcov.discovery import find_tasks

            name, *rest = args
            tasks = find_tasks(_folder(ctx, rest))
            if name not in tasks.by_name:
                if ctx.resilient_parsing:
                    return None, None, rest
                find_config(config_of(ctx, rest))  # it may be one of a site that is not found
            return name, task_command(tasks[name], act), rest

    app = typer.Typer(
        cls=TaskGroup,
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=True,
        subcommand_metavar="TASK [TASK OPTIONS]",
        options_metavar="",
    )
    app.callback(help=text)(_nothing)
    return app


def task_command(task: AnyTask, act: Act) -> Any:
    """Return the command that does this with a task."""
    one = typer.Typer(rich_markup_mode=None, add_completion=False)
    one.command(task.name)(task_function(task, act))
    return get_command(one)


def _nothing() -> None:
    """Let typer make a group of it."""


def _folder(ctx: Any, args: Sequence[str]) -> Path | None:
    path = site_path(ctx, args)
    return None if path is None else path if path.is_dir() else path.parent


def _outline(ctx: Any, args: Sequence[str] = ()) -> dict[str, str]:
    return outline_tasks(_folder(ctx, args))
