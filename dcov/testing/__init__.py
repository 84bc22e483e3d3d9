"""What tests of your own tasks need: real servers on loopback, broken ones, and two doubles."""

from __future__ import annotations

from dcov.testing.fake import FakeServer
from dcov.testing.faults import (
    Fault,
    closed_port,
    dropping_address,
    foreign_server,
    hanging_up_server,
    silent_server,
    stalling_server,
)
from dcov.testing.proxy import DelayProxy
from dcov.testing.scripted import Asked, ScriptedSession
from dcov.testing.sshd import LoopbackSshd

__all__ = [
    "Asked",
    "DelayProxy",
    "FakeServer",
    "Fault",
    "LoopbackSshd",
    "ScriptedSession",
    "closed_port",
    "dropping_address",
    "foreign_server",
    "hanging_up_server",
    "silent_server",
    "stalling_server",
]
