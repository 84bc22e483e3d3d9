"""Times as programs written in Go say them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(text: str) -> datetime | None:
    """Read a time; None for year 1, which means never."""
    # Go writes nanoseconds; fromisoformat takes microseconds.
    head, _, rest = text.partition(".")
    zone = rest.lstrip("0123456789") or "Z"
    if head.startswith("0001-"):
        return None
    fraction = rest[: len(rest) - len(zone)][:6].ljust(6, "0") if rest else "000000"
    return datetime.fromisoformat(f"{head.rstrip('Z')}.{fraction}{zone}").astimezone(UTC)
