from ssh.fleets import own_machine
from ssh.people import person, strict_sshd

__all__ = ["own_machine", "person", "strict_sshd"]
