"""Pytest fixtures for tests of your own tasks: `pytest_plugins = ["dcov.testing.plugin"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dcov.testing.sshd import LoopbackSshd


@pytest.fixture(scope="session")
def loopback_sshd() -> Iterator[LoopbackSshd]:
    """Give a real sshd that answers on every address of 127.0.0.0/8, one for all tests."""
    with LoopbackSshd() as sshd:
        yield sshd
