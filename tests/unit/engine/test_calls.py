"""Changes by calls of an API are taken back one by one."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.calls import Calls, PutBack
from dcov.errors import GrafanaSilentError


@dataclass
class Thing:
    """Something behind an API, which may refuse to be put back."""

    name: str
    value: str = "old"
    fault: Exception | None = None

    def plan(self) -> Change:
        return Change(resource=self.name, action=Action.UPDATE)

    def keep(self) -> PutBack:
        value = self.value

        def put_back() -> None:
            if self.fault:
                raise self.fault
            self.value = value

        return put_back

    def apply(self) -> None:
        self.value = "new"


def test_what_was_changed_goes_back() -> None:
    calls, things = Calls(), [Thing("a"), Thing("b")]
    assert calls.take_back() == ""
    for thing in things:
        calls.apply(thing)
    assert calls.take_back() == "complete"
    assert [thing.value for thing in things] == ["old", "old"]
    assert calls.take_back() == ""


def test_one_that_does_not_go_back_keeps_no_other_from_it() -> None:
    """Also where what it raises is none of dcov's errors."""
    silent = GrafanaSilentError(url="http://127.0.0.1:3000", detail="refused")
    things = [Thing("a"), Thing("b", fault=ValueError("no JSON")), Thing("c", fault=silent)]
    calls = Calls()
    for thing in things:
        calls.apply(thing)
    said = calls.take_back()
    assert said.startswith("incomplete: c (")
    assert "b (ValueError('no JSON'))" in said
    assert things[0].value == "old"


def test_what_is_confirmed_stays() -> None:
    calls, thing = Calls(), Thing("a")
    calls.apply(thing)
    calls.confirm()
    assert (calls.take_back(), thing.value) == ("", "new")
