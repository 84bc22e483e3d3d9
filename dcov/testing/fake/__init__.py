"""A double of a server that can be changed."""

from __future__ import annotations

from dcov.testing.fake.server import FakeServer

__all__ = ["FakeServer"]
