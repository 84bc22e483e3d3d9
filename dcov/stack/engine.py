"""The master's container engine, where it ends while a task is at work."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from dcov.context import Context
from dcov.errors import (
    ApplyError,
    ContainerFailedError,
    ContentRefusedError,
    ImageError,
    ReloadRefusedError,
    VerifyError,
)
from dcov.stack.survey import Survey

P = ParamSpec("P")
R = TypeVar("R")

# As which the engine's end may show: each program that asks it fails in its own way.
SYMPTOMS = (
    ApplyError,
    ContainerFailedError,
    ContentRefusedError,
    ImageError,
    ReloadRefusedError,
    VerifyError,
)


def on_engine(
    function: Callable[Concatenate[Context, P], R],
) -> Callable[Concatenate[Context, P], R]:
    """Have a task that fails because the engine ended say so, with an EngineError."""

    @wraps(function)
    def watched(ctx: Context, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(ctx, *args, **kwargs)
        except SYMPTOMS:
            Survey.of(ctx).require_engine()
            raise

    return watched
