"""What must hold between the keys of `ssl`: a certificate has its key, Let's Encrypt a name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from dcov.config.checks import Fault
from dcov.config.document import written

SECTION = "ssl"
PAIR = ("cert_path", "key_path")


def check_certificate(data: Any, *, unread: Collection[str] = ()) -> Iterator[Fault]:
    """Find what leaves the proxy with another certificate than the one that was meant.

    `unread` are keys that are set and whose values could not be read: those are not missing.
    """
    ssl = data.get(SECTION) if isinstance(data, dict) else None
    if not isinstance(ssl, dict):
        return
    said = {key for key in (*PAIR, "domain") if key in ssl or written((SECTION, key)) in unread}
    own = [key for key in PAIR if key in said]
    if len(own) == 1:
        (missing,) = set(PAIR) - said
        message = f"needs `{missing}` too: a certificate is used only with its key; say both"
        yield Fault(loc=(SECTION, *own), message=message)
    # The certificate of a proxy of the family is none of dcov's.
    asks = ssl.get("mode") == "letsencrypt" and ssl.get("use_existing_proxy") is not True
    if asks and not own and "domain" not in said:
        message = "Let's Encrypt needs `ssl.domain`: the DNS name that leads to the master"
        yield Fault(loc=(SECTION, "mode"), message=message)
