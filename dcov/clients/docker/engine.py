"""What a master's container engine says, by Docker's own library over our own session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from dcov.clients.closing import Closing
from dcov.clients.docker.values import Container, Image, Network, Volume
from dcov.errors import EngineError, EngineRefusedError

if TYPE_CHECKING:
    import docker

    from dcov.ssh.session import WiredSession

WITHIN = 60.0


class Docker(Closing):
    """An engine, looked at and never changed."""

    def __init__(
        self, client: docker.DockerClient, *, on_close: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(client.api.close, on_close)
        self._api: Any = client.api  # in part without types

    @classmethod
    def over(cls, session: WiredSession, *, on_close: Callable[[], None] | None = None) -> Self:
        """Talk to the engine of a server, as root there; at the end the session is closed.

        `on_close` is done instead, where others go on with the session's connection.

        Raises EngineError where none answers.
        """
        from dcov.clients.docker.dial import connected

        end = on_close or session.close
        try:
            with _translated():
                client = connected(session, within=WITHIN)
        except BaseException:
            end()
            raise
        return cls(client, on_close=end)

    def version(self) -> str:
        """Return the engine's version."""
        with _translated():
            version: str = self._api.version()["Version"]
        return version

    def containers(self, *, labels: Mapping[str, str] | None = None) -> tuple[Container, ...]:
        """Return all containers with these labels, also those that do not run, by name."""
        wanted = [f"{key}={value}" if value else key for key, value in (labels or {}).items()]
        with _translated():
            listed = self._api.containers(all=True, filters={"label": wanted} if wanted else {})
        found = (self.container(item["Id"]) for item in listed)
        return tuple(sorted((item for item in found if item), key=lambda item: item.name))

    def container(self, name: str) -> Container | None:
        """Return one container."""
        found = self._find(lambda: self._api.inspect_container(name))
        return None if found is None else Container.read(found)

    def images(self) -> tuple[Image, ...]:
        """Return the images that have a name."""
        with _translated():
            listed = self._api.images()
        return tuple(
            Image(id=item["Id"], tags=tuple(tags), size=item["Size"])
            for item in listed
            if (tags := [tag for tag in item.get("RepoTags") or () if tag != "<none>:<none>"])
        )

    def image(self, name: str) -> Image | None:
        """Return one image."""
        found = self._find(lambda: self._api.inspect_image(name))
        if found is None:
            return None
        return Image(id=found["Id"], tags=tuple(found.get("RepoTags") or ()), size=found["Size"])

    def networks(self) -> tuple[Network, ...]:
        """Return all networks, by name."""
        with _translated():
            listed = self._api.networks()
        found = (
            Network(
                id=item["Id"],
                name=item["Name"],
                driver=item["Driver"],
                scope=item["Scope"],
                subnets=tuple(
                    part["Subnet"] for part in (item.get("IPAM") or {}).get("Config") or ()
                ),
                labels=item.get("Labels") or {},
            )
            for item in listed
        )
        return tuple(sorted(found, key=lambda item: item.name))

    def volumes(self) -> tuple[Volume, ...]:
        """Return all volumes, by name."""
        with _translated():
            listed = self._api.volumes().get("Volumes") or ()
        found = (
            Volume(name=item["Name"], driver=item["Driver"], labels=item.get("Labels") or {})
            for item in listed
        )
        return tuple(sorted(found, key=lambda item: item.name))

    def logs(self, name: str, *, tail: int = 100, follow: bool = False) -> Iterator[str]:
        """Yield the last lines of a container, both streams, and what comes after if `follow`.

        Nothing in them is masked.
        """
        rest = b""
        with _translated():
            for chunk in self._api.logs(name, stream=True, follow=follow, tail=tail):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield line.decode(errors="replace").rstrip("\r")
        if rest:
            yield rest.decode(errors="replace")

    def _find(self, ask: Callable[[], Any]) -> Any | None:
        import docker.errors

        with _translated():
            try:
                return ask()
            except docker.errors.NotFound:
                return None


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what Docker's library raises into an error of ours."""
    import docker.errors
    import requests

    try:
        yield
    except docker.errors.APIError as error:
        raise EngineRefusedError(detail=error.explanation or str(error)) from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise EngineError(detail=str(error)) from error
