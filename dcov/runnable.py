"""A task: a plain function of a Context, made runnable by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, update_wrapper
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    cast,
    overload,
)

from dcov.context import Context, Preparing
from dcov.errors import ParameterError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

P = ParamSpec("P")
R = TypeVar("R")
On = Literal["workers", "master", "all"]
Prepare = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One keyword of a task: what the command line and the validation are made from."""

    name: str
    annotation: Any
    default: Any
    required: bool


def refuse_positional(args: Sequence[Any], *, task: str) -> None:
    """Raise ParameterError for what was given by position: a task's parameters have names."""
    if args:
        raise ParameterError(task=task, message="takes keywords only: write NAME=VALUE")


class Task(Generic[P, R]):
    """Something to do on one server; call it with a Context, or give it to `fleet.run`."""

    def __init__(
        self,
        function: Callable[Concatenate[Context, P], R],
        *,
        on: On = "workers",
        prepare: Prepare | None = None,
        replaces: str | None = None,
        using: Mapping[str, Any] | None = None,
    ) -> None:
        update_wrapper(self, function)
        self.function = function
        self.name = function.__name__.replace("_", "-")
        self.on = on
        self.prepare = prepare
        self.replaces = replaces
        self.using = dict(using or {})

    def __repr__(self) -> str:
        return f"Task({self.name!r})"

    def __call__(self, ctx: Context, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run on the server of `ctx`; what it applies is kept when it returns, or taken back.

        Given a Nornir task instead of a Context, run on that task's host.
        """
        refuse_positional(args, task=self.name)
        if not isinstance(ctx, Context):
            return cast("R", Context.of_nornir(ctx).finish(self, kwargs))
        return cast("R", ctx.call(self, kwargs))

    @property
    def summary(self) -> str:
        """The first sentence of the docstring."""
        return inspect.cleandoc(self.function.__doc__ or "").split("\n\n")[0].replace("\n", " ")

    @property
    def description(self) -> str:
        """The docstring."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The keywords that it takes."""
        signature = inspect.signature(self.function, eval_str=True)
        return tuple(
            Parameter(
                name=item.name,
                annotation=item.annotation,
                default=None if item.default is item.empty else item.default,
                required=item.default is item.empty,
            )
            for item in list(signature.parameters.values())[1:]
        )

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        from pydantic import TypeAdapter

        return {item.name: TypeAdapter(item.annotation) for item in self.parameters}

    def validated(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters in the types that the signature asks for.

        Raises ParameterError that names the parameter, and the nearest one for an unknown name.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                nearest = f"; did you mean {close[0]}?" if close else ""
                raise ParameterError(task=self.name, message=f"takes no {name!r}{nearest}")
        result: dict[str, Any] = {}
        for name, parameter in known.items():
            if name not in given:
                if parameter.required:
                    raise ParameterError(task=self.name, message=f"needs {name!r}")
                result[name] = parameter.default
                continue
            result[name] = self._valid(parameter, given[name])
        return result

    def _valid(self, parameter: Parameter, value: Any) -> Any:
        if type(value) is parameter.annotation:
            return value
        from pydantic import ValidationError

        try:
            return self._adapters[parameter.name].validate_python(value)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]["msg"]
            raise ParameterError(task=self.name, message=f"{parameter.name!r}: {first}") from None

    def prepared(self, preparing: Preparing, params: Mapping[str, Any]) -> Any:
        """Do what is done once per run, on the controller."""
        return None if self.prepare is None else self.prepare(preparing, **params)


@overload
def task(function: Callable[Concatenate[Context, P], R], /) -> Task[P, R]: ...


@overload
def task(
    *,
    on: On = ...,
    prepare: Prepare | None = ...,
    replaces: str | None = ...,
    using: Mapping[str, Any] | None = ...,
) -> Callable[[Callable[Concatenate[Context, P], R]], Task[P, R]]: ...


def task(
    function: Callable[Concatenate[Context, P], R] | None = None,
    /,
    *,
    on: On = "workers",
    prepare: Prepare | None = None,
    replaces: str | None = None,
    using: Mapping[str, Any] | None = None,
) -> Task[P, R] | Callable[[Callable[Concatenate[Context, P], R]], Task[P, R]]:
    """Make a function of a Context runnable by name.

    `on` is the role that is selected when the caller names no servers. `prepare` is called once
    per run with a Preparing and the parameters; what it returns is `ctx.prepared`. `replaces`
    names a shipped task that this one stands in for. `using` says how it goes over the fleet
    where the caller does not (see `Options`).
    """

    def make(function: Callable[Concatenate[Context, P], R]) -> Task[P, R]:
        return Task(function, on=on, prepare=prepare, replaces=replaces, using=using)

    return make if function is None else make(function)
