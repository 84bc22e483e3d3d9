"""Reading one release file over HTTP, or from a folder, into a file that can be resumed."""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcov.errors import DownloadError
from dcov.exporters.mirror import Mirror, without_login

if TYPE_CHECKING:
    import requests

LIMIT = 256 * 1024 * 1024  # bytes; the largest exporter is a tenth of it
_TEXT_LIMIT = 1024 * 1024
_CHUNK = 256 * 1024
_ATTEMPTS = 5  # to read one body; a lost one is resumed where it broke
_TIMEOUTS = (10.0, 60.0)  # seconds to connect, and of silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """How files are read: from which mirror, and how long one may take."""

    mirror: Mirror = field(default_factory=Mirror)
    within: float = 600.0

    def text(self, url: str) -> str:
        """Return a small text file."""
        source = self.mirror.locate(url)
        if isinstance(source, Path):
            with _local(source):
                return source.read_bytes()[:_TEXT_LIMIT].decode(errors="replace")
        with _http(source) as session, _answer(session, source) as response:
            _expect(response, HTTPStatus.OK)
            body: bytes = response.raw.read(_TEXT_LIMIT, decode_content=True)
            return body.decode(errors="replace")

    def save(self, url: str, *, to: Path) -> None:
        """Make `to` the whole file; what an earlier attempt left there is continued.

        Whether it is the right file is for the caller to check, by its digest.
        """
        import urllib3

        source = self.mirror.locate(url)
        if isinstance(source, Path):
            with _local(source), source.open("rb") as content, to.open("wb") as out:
                shutil.copyfileobj(content, out, _CHUNK)
            return
        deadline = time.monotonic() + self.within
        with _http(source) as session:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    self._append(session, source, to=to, deadline=deadline)
                except urllib3.exceptions.HTTPError:  # the body broke off; others Retry has tried
                    if attempt == _ATTEMPTS:
                        raise
                else:
                    return
                time.sleep(random.uniform(0, 0.25 * 2**attempt))  # noqa: S311 (full jitter)

    def _append(self, session: requests.Session, url: str, *, to: Path, deadline: float) -> None:
        """Ask for what is missing, once."""
        have = to.stat().st_size if to.exists() else 0
        with _answer(session, url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
            if have and response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is missing: its digest tells whether it is the right file
            resumed = have and response.status_code == HTTPStatus.PARTIAL_CONTENT
            if resumed and _start(response) != have:
                to.unlink()
                raise DownloadError(url=without_login(url), detail="it resumes at another place")
            if not resumed:  # a server without ranges sends all of it again
                _expect(response, HTTPStatus.OK)
                have = 0
            with to.open("ab" if resumed else "wb") as out:
                # As sent: Apache can label .tar.gz as `Content-Encoding: gzip` (mod_mime's
                # AddEncoding); unpacked here, the file would have another digest.
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    have += out.write(chunk)
                    if have > LIMIT:
                        detail = f"it is larger than {LIMIT} bytes"
                        raise DownloadError(url=without_login(url), detail=detail)
                    if time.monotonic() > deadline:
                        detail = f"it takes longer than {self.within:g} s; the rest is next time's"
                        raise DownloadError(url=without_login(url), detail=detail)


@contextmanager
def _http(url: str) -> Iterator[requests.Session]:
    """Open a session; what its libraries raise leaves here as our error."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    class Session(requests.Session):
        """Takes proxies and CA bundle from the environment, but no login from a .netrc.

        GitHub redirects to signed URLs of its storage, which answers 400 where a login comes with
        them; and requests reads .netrc again at every redirect, for the next host.
        """

        def rebuild_auth(
            self, prepared_request: requests.PreparedRequest, response: requests.Response
        ) -> None:
            old, new = response.request.url or "", prepared_request.url or ""
            if self.should_strip_auth(old, new):  # type: ignore[no-untyped-call]
                prepared_request.headers.pop("Authorization", None)

    retry = Retry(
        total=4,
        status_forcelist=(429, 500, 502, 503, 504),
        backoff_factor=0.25,
        backoff_max=8,
        backoff_jitter=0.5,
        raise_on_status=False,
        respect_retry_after_header=False,  # may say an hour; the number of attempts is the limit
    )
    with Session() as session:
        session.auth = _login_in_url
        session.mount("https://", HTTPAdapter(max_retries=retry))
        session.mount("http://", HTTPAdapter(max_retries=retry))
        try:
            yield session
        except _broken() as broken:
            raise DownloadError(url=without_login(url), detail=_words(broken)) from broken


def _login_in_url(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Use the login that a mirror's URL carries; being set, it keeps requests from .netrc."""
    from requests.auth import HTTPBasicAuth
    from requests.utils import get_auth_from_url

    user, password = get_auth_from_url(request.url or "")
    return HTTPBasicAuth(user, password)(request) if user else request


@contextmanager
def _answer(
    session: requests.Session, url: str, *, headers: dict[str, str] | None = None
) -> Iterator[requests.Response]:
    headers = {"Accept-Encoding": "identity", **(headers or {})}
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUTS) as response:
        yield response


def _expect(response: requests.Response, status: HTTPStatus) -> None:
    if response.status_code != status:
        detail = f"HTTP {response.status_code} {response.reason}"
        raise DownloadError(url=without_login(response.url), detail=detail)


def _start(response: requests.Response) -> int:
    """Return the offset at which a 206 answer begins; -1 where it does not say."""
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def _broken() -> tuple[type[Exception], ...]:
    import requests
    import urllib3

    return (requests.RequestException, urllib3.exceptions.HTTPError)


def _words(broken: BaseException) -> str:
    """Return the innermost reason: the outer ones repeat the URL and object addresses."""
    reason: Any = broken
    while isinstance(
        inner := getattr(reason, "reason", None) or next(iter(reason.args), None), Exception
    ):
        reason = inner
    text = str(reason)
    return re.sub(r"^<?[\w.]*(?:Connection|object)[^>:]*>?:\s*", "", text) or type(reason).__name__


@contextmanager
def _local(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        if refused.filename != str(path):  # it was the other file, the one being written
            raise
        raise DownloadError(url=str(path), detail=refused.strerror or str(refused)) from refused
