from dcov.testing.plugin import loopback_sshd

__all__ = ["loopback_sshd"]
