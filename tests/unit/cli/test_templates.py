"""`dcov templates`: what is rendered from which file."""

from __future__ import annotations

NAME = "stack/nginx.conf.j2"


def test_a_copy_is_listed_as_the_sites_own(dcov, site) -> None:
    """The others are dcov's as before, and a copy is never written over another."""
    before = dcov("templates", "list", "-o", "json").data["templates"]
    assert {row["whose"] for row in before} == {"dcov"}
    copy = site / "templates" / NAME
    said = dcov("templates", "copy", NAME)
    assert (said.code, str(copy) in said.err) == (0, True)
    after = dcov("templates", "list", "-o", "json").data["templates"]
    own = {"name": NAME, "whose": "site", "file": str(copy)}
    assert after == [own if row["name"] == NAME else row for row in before]
    again = dcov("templates", "copy", NAME)
    assert (again.code, "path-taken" in again.err) == (2, True)


def test_a_mistyped_name(dcov, site) -> None:
    said = dcov("templates", "copy", "stack/nginx.conf")
    assert (said.code, f"did you mean {NAME}" in said.err) == (2, True)
    assert not (site / "templates").exists()
