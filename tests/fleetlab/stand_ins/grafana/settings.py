"""Configuration by environment variables.

https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


class SettingsError(Exception):
    """Grafana would not start."""


def from_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Replace `GF_X__FILE` by what the file says.

    https://grafana.com/docs/grafana/latest/setup-grafana/configure-docker/
    """
    found = dict(environment)
    for key, path in environment.items():
        name = key.removesuffix("__FILE")
        if name == key or not key.startswith("GF_"):
            continue
        if name in environment:
            raise SettingsError(f"both {name} and {key} are set (but are exclusive)")
        try:
            found[name] = Path(path).read_text().rstrip("\n")
        except OSError as error:
            raise SettingsError(f"{key}: {error}") from error
    return found


@dataclass(frozen=True, kw_only=True)
class AuthProxy:
    """Login by a header of a reverse proxy.

    https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/auth-proxy/
    """

    enabled: bool
    header_name: str
    auto_sign_up: bool
    sync_ttl: int  # minutes
    whitelist: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    headers: Mapping[str, str]  # attribute (Role, Name, Email) to header

    def trusts(self, address: str) -> bool:
        """Whether a header from this address is believed; an empty list trusts everybody."""
        peer = ipaddress.ip_address(address)
        return not self.whitelist or any(peer in network for network in self.whitelist)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What of grafana.ini the stand-in knows."""

    address: str
    port: int
    root_url: str
    sub_path: str  # as in `/grafana`; empty where it is served from the root
    admin_user: str
    admin_password: str
    anonymous_role: str | None
    basic_auth: bool
    auth_proxy: AuthProxy
    data: Path
    provisioning: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Read them, the secrets in files included."""
        env = from_files(environment)

        def text(key: str, default: str) -> str:
            return env.get(f"GF_{key}", default)

        def flag(key: str, *, default: bool) -> bool:
            return text(key, str(default)).lower() in {"1", "t", "true", "yes", "y", "on"}

        root_url = text("SERVER_ROOT_URL", "http://localhost:3000/")
        path = urlsplit(root_url).path.rstrip("/")
        words = text("AUTH_PROXY_HEADERS", "").replace(",", " ").split()
        listed = text("AUTH_PROXY_WHITELIST", "").replace(",", " ").split()
        return cls(
            address=text("SERVER_HTTP_ADDR", ""),
            port=int(text("SERVER_HTTP_PORT", "3000")),
            root_url=root_url.rstrip("/") + "/",
            sub_path=path if flag("SERVER_SERVE_FROM_SUB_PATH", default=False) else "",
            admin_user=text("SECURITY_ADMIN_USER", "admin"),
            admin_password=text("SECURITY_ADMIN_PASSWORD", "admin"),
            anonymous_role=(
                text("AUTH_ANONYMOUS_ORG_ROLE", "Viewer")
                if flag("AUTH_ANONYMOUS_ENABLED", default=False)
                else None
            ),
            basic_auth=flag("AUTH_BASIC_ENABLED", default=True),
            auth_proxy=AuthProxy(
                enabled=flag("AUTH_PROXY_ENABLED", default=False),
                header_name=text("AUTH_PROXY_HEADER_NAME", "X-WEBAUTH-USER"),
                auto_sign_up=flag("AUTH_PROXY_AUTO_SIGN_UP", default=True),
                sync_ttl=int(text("AUTH_PROXY_SYNC_TTL", "15")),
                whitelist=tuple(ipaddress.ip_network(word, strict=False) for word in listed),
                headers=dict(word.split(":", 1) for word in words if ":" in word),
            ),
            data=Path(text("PATHS_DATA", "/var/lib/grafana")),
            provisioning=Path(text("PATHS_PROVISIONING", "/etc/grafana/provisioning")),
            environment=env,
        )
