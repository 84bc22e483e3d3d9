"""Where things lie on the master: the existing product's places."""

from __future__ import annotations

from pathlib import PurePosixPath

HOME = PurePosixPath("/etc/dc-overview")
COMPOSE_FILE = HOME / "docker-compose.yml"
SECRETS = HOME / "secrets"
