"""The groups that every fleet has; users' own stand beside them."""

from __future__ import annotations

from dcov.inventory.entry import Entry, Role

ALL = "all"
MASTERS = "masters"
WORKERS = "workers"


def group_of(role: Role) -> str:
    """Return the group of the servers with this role."""
    return MASTERS if role is Role.MASTER else WORKERS


def groups_of(entry: Entry) -> tuple[str, ...]:
    """Return every group that this server is in."""
    return (ALL, group_of(entry.role), *entry.groups)
