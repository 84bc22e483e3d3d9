from __future__ import annotations

import pytest

from dcov.errors import DownloadError
from dcov.exporters.sums import Sums

A, B = "a" * 64, "b" * 64
FILE = "node_exporter-1.5.0.linux-amd64.tar.gz"


@pytest.mark.parametrize("line", [f"{A}  {FILE}", f"{A} *{FILE}", f"{A.upper()}  ./{FILE}\r"])
def test_a_line_is_read_as_sha256sum_writes_it(line: str) -> None:
    """A name that only contains the wanted one is another file."""
    text = f"{B}  {FILE}.asc\n{line}\n{B}  old-{FILE}\n"
    assert Sums(url="u", text=text).digest(FILE) == A


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has no lines"),
        (f"{B}  {FILE}.asc\n", "it has no lines"),
        (f"{A[:63]}  {FILE}\n", "it has no lines"),
        (f"{A}  {FILE}\n{A}  {FILE}\n", "it has 2 lines"),
        (f"{A}  {FILE}\n{B} *{FILE}\n", "it has 2 lines"),
    ],
)
def test_anything_but_one_line_is_refused(text: str, why: str) -> None:
    with pytest.raises(DownloadError, match=why):
        Sums(url="u", text=text).digest(FILE)
