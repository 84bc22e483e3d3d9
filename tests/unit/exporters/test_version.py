from __future__ import annotations

import pytest

from dcov.errors import ConfigError
from dcov.exporters.version import Version, normalise


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9.1", "1.10.2"),
        ("v1.9.0", "1.9.1"),
        ("1.10.0-rc.2", "1.10.0-rc.10"),
        ("1.10.0-rc.1", "1.10.0"),
        ("3.3.5-3.4.1-ubuntu22.04", "3.3.8-3.6.0-ubuntu22.04"),
        ("2.31", "2.35"),
    ],
)
def test_versions_are_compared_as_numbers(older: str, newer: str) -> None:
    assert Version.parse(older) < Version.parse(newer)


def test_the_same_version_written_twice_is_the_same() -> None:
    assert Version.parse("v1.9") == Version.parse("1.9.0")
    assert normalise("v1.9.0") == "1.9.0"


@pytest.mark.parametrize("text", ["", "latest", "1.5.0/../../x", "1..2", "1.5\n2", "vv1", "1 5"])
def test_what_is_no_version_is_refused(text: str) -> None:
    """A version becomes part of URLs and paths."""
    with pytest.raises(ConfigError, match="not a version"):
        normalise(text)
