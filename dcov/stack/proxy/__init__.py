"""The proxy in front of the stack's services, and its certificate."""

from __future__ import annotations

from dcov.stack.component import GATE
from dcov.stack.proxy.deployed import (
    certificate,
    existing_logins,
    files,
    folders,
    from_lets_encrypt,
    logins,
    proxy_of,
    reloaded,
)
from dcov.stack.proxy.family import Family, require_choice
from dcov.stack.proxy.family_routes import FamilyRoutes
from dcov.stack.proxy.gate import gate_files, gate_reloaded
from dcov.stack.proxy.login import Role, htpasswd
from dcov.stack.proxy.login_asked import LoginAsked
from dcov.stack.proxy.nginx import HOME, Places, Proxy, nginx_files
from dcov.stack.proxy.reload import ProxyReloaded
from dcov.stack.proxy.routes import ROUTES, Access, Identity, Route
from dcov.stack.proxy.stranger import StrangersRefused
from dcov.stack.tls.certbot import LetsEncrypt
from dcov.stack.tls.facts import CertificateFacts
from dcov.stack.tls.own import OwnCertificate
from dcov.stack.tls.self_signed import SelfSigned

__all__ = [
    "GATE",
    "HOME",
    "ROUTES",
    "Access",
    "CertificateFacts",
    "Family",
    "FamilyRoutes",
    "Identity",
    "LetsEncrypt",
    "LoginAsked",
    "OwnCertificate",
    "Places",
    "Proxy",
    "ProxyReloaded",
    "Role",
    "Route",
    "SelfSigned",
    "StrangersRefused",
    "certificate",
    "existing_logins",
    "files",
    "folders",
    "from_lets_encrypt",
    "gate_files",
    "gate_reloaded",
    "htpasswd",
    "logins",
    "nginx_files",
    "proxy_of",
    "reloaded",
    "require_choice",
]
