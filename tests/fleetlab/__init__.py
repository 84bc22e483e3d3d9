"""The test lab of dcov: blank Debian servers with real systemd, sshd, NAT and a jump host."""

from .command import CommandError, LabError
from .lab import Lab, Status
from .server import Server

__all__ = ["CommandError", "Lab", "LabError", "Server", "Status"]
