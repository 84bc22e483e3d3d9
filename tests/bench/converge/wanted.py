"""What every converging peer brings about: shaped like node_exporter, on a path of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """A user, a folder, a 20 MB binary and two files, of one server."""

    name: str
    folder: str
    user: str
    unit: str
    config: str

    @classmethod
    def of(cls, number: int, *, folder: str) -> Wanted:
        """Name what the server of this number gets."""
        return cls(
            name=f"s{number:04}",
            folder=f"{folder}/{number:04}",
            user=f"dcovb{number:04}",
            unit=f"[Service]\nExecStart={folder}/{number:04}/exporter\nUser=dcovb{number:04}\n",
            config=f"server: {number}\n" + "line: of configuration\n" * 20,
        )
