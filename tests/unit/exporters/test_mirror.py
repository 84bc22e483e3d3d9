from __future__ import annotations

from pathlib import Path

import pytest

from dcov.errors import ConfigError
from dcov.exporters.mirror import Mirror

FILE = "prometheus/node_exporter/releases/download/v1.5.0/sha256sums.txt"
URL = f"https://github.com/{FILE}"


@pytest.mark.parametrize(
    ("base", "place"),
    [
        ("", URL),
        ("https://mirror.example/github/", f"https://mirror.example/github/{FILE}"),
        ("file:///srv/a%20mirror", Path("/srv/a mirror") / FILE),
        ("/srv/mirror", Path("/srv/mirror") / FILE),
    ],
)
def test_a_mirror_has_the_paths_of_github(base: str, place: str | Path) -> None:
    assert Mirror(base=base).locate(URL) == place


def test_what_is_not_on_github_is_not_on_the_mirror() -> None:
    other = "https://github.com.example.org/x"
    assert Mirror(base="/srv/mirror").locate(other) == other


def test_a_login_is_not_shown() -> None:
    mirror = Mirror(base="https://me:secret@mirror.example:8443")
    assert mirror.shown(URL) == f"https://mirror.example:8443/{FILE}"
    assert "secret" not in repr(mirror)


@pytest.mark.parametrize("base", ["ftp://x/y", "file://host/srv", "http://", "http://[::1"])
def test_what_cannot_be_a_mirror_is_refused(base: str) -> None:
    with pytest.raises(ConfigError, match="mirror: "):
        Mirror(base=base)
