"""What a container engine has, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dcov.clients.moment import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container; `health` is empty where it has no health check, `exit_code` where it runs."""

    id: str
    name: str
    image: str
    image_id: str
    state: str
    health: str = ""
    exit_code: int | None = None
    restarts: int = 0
    started_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Container:
        """Read what the engine says when a container is inspected."""
        state, config = item["State"], item["Config"]
        running = state["Status"] in ("running", "restarting", "paused")
        mounts = item.get("Mounts") or ()
        return cls(
            id=item["Id"],
            name=item["Name"].removeprefix("/"),
            image=config["Image"],
            image_id=item["Image"],
            state=state["Status"],
            health=(state.get("Health") or {}).get("Status", ""),
            exit_code=None if running else state["ExitCode"],
            restarts=item.get("RestartCount", 0),
            started_at=moment(state["StartedAt"]),
            labels=config.get("Labels") or {},
            networks=tuple(sorted(item["NetworkSettings"]["Networks"])),
            volumes=tuple(sorted(mount["Name"] for mount in mounts if mount["Type"] == "volume")),
        )

    @property
    def well(self) -> bool:
        """Whether it runs, and is healthy by its own check where it has one."""
        return self.state == "running" and self.health in ("", "healthy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that the engine has."""

    id: str
    tags: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of the engine."""

    id: str
    name: str
    driver: str
    scope: str
    subnets: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume of the engine."""

    name: str
    driver: str
    labels: Mapping[str, str] = field(default_factory=dict)
