"""Where release files are taken from: GitHub itself, a mirror of it, or a folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

from dcov.errors import ConfigError
from dcov.exporters.artifact import GITHUB
from dcov.home import expanded


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A place that holds GitHub's release files under the same paths.

    `base` is a URL, a `file://` URL or a folder; without one, GitHub itself. Login data may stand
    in the URL; they go to the mirror and into no error.
    """

    base: str = field(default="", repr=False)  # it may carry a login

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.base)
            if parts.scheme in {"http", "https"} and not parts.hostname:
                self._refuse("the URL names no host")
        except ValueError as wrong:
            self._refuse(str(wrong))
        if parts.scheme == "file" and parts.netloc not in {"", "localhost"}:
            self._refuse("a file:// URL names a folder of this machine: file:///srv/mirror")
        if parts.scheme not in {"", "file", "http", "https"}:
            self._refuse("it is an http(s):// or file:// URL, or a folder")

    def locate(self, url: str) -> str | Path:
        """Return the URL, or the local file, to read instead of this URL."""
        path = url.removeprefix(GITHUB + "/")
        if not self.base or path == url:
            return url
        if urlsplit(self.base).scheme in {"http", "https"}:
            return f"{self.base.rstrip('/')}/{path}"
        return self._folder / path

    def shown(self, url: str) -> str:
        """Return what is read instead of this URL, as it may be shown."""
        place = self.locate(url)
        return str(place) if isinstance(place, Path) else without_login(place)

    @property
    def _folder(self) -> Path:
        parts = urlsplit(self.base)
        return Path(unquote(parts.path)) if parts.scheme else expanded(self.base)

    def _refuse(self, message: str) -> NoReturn:
        raise ConfigError.about(message, key="mirror")


def without_login(url: str) -> str:
    """Return the URL as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
