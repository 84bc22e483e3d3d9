from ssh.fleets import own_machine, sshd, yard
from ssh.people import person, strict_sshd

from dcov.testing.plugin import loopback_sshd

__all__ = ["loopback_sshd", "own_machine", "person", "sshd", "strict_sshd", "yard"]
