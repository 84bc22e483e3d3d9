"""The proxy of a stack: what it does there, its files, and its certificate."""

from __future__ import annotations

from pathlib import PurePosixPath

from dcov.config.settings import Settings, SslMode
from dcov.context import Context
from dcov.converge.resource import Resource
from dcov.resources import Directory, File, SecretFile
from dcov.secret import Secret
from dcov.ssh.scripts import remote
from dcov.stack.component import COMPONENTS, PROXY
from dcov.stack.proxy.login import Role, htpasswd
from dcov.stack.proxy.nginx import CERTIFICATE_METRICS, HOME, HTPASSWD, Proxy, nginx_files
from dcov.stack.proxy.nginx import NGINX_CONF as CONF
from dcov.stack.proxy.reload import ProxyReloaded
from dcov.stack.stack import Stack
from dcov.stack.tls.certbot import HOOK, WEBROOT, LetsEncrypt, deploy_hook
from dcov.stack.tls.own import OwnCertificate
from dcov.stack.tls.self_signed import SelfSigned

NOT_YET = Secret("made up when it is applied")  # only a plan may lack the password
SERVER = (HOME / "ssl" / "server.crt", HOME / "ssl" / "server.key")


def proxy_of(stack: Stack) -> Proxy:
    """Return what the proxy of this stack does; a component is on whoever runs it."""
    settings = stack.settings
    return Proxy(
        site=stack.site.name,
        names=_names(stack),
        roles={settings.fleet_admin_user: Role.ADMIN},
        components=frozenset(item.name for item in COMPONENTS if item.on(settings)),
        hsts=settings.ssl.mode is SslMode.LETSENCRYPT or settings.ssl.cert_path is not None,
        external_port=settings.ssl.external_port,
    )


def folders() -> tuple[Resource, ...]:
    """Return the folders that its container mounts; on the master they are closed to other users.

    What is within must be open to nginx' workers, to whom the folder above does not matter.
    """
    return (
        Directory(path=HOME, mode=0o700),
        Directory(path=HOME / "nginx"),
        Directory(path=HOME / "html"),
        Directory(path=HOME / "ssl", mode=0o700),
        Directory(path=HOME / "ca", mode=0o700),
        Directory(path=WEBROOT.parent),
        Directory(path=WEBROOT),
    )


def files(stack: Stack, *, logins: str) -> tuple[Resource, ...]:
    """Return nginx.conf, the landing page and the logins; nginx itself checks the first."""
    rendered = nginx_files(stack.templates, proxy=proxy_of(stack))
    check = ("sh", "-c", remote("nginx-check.sh"), "sh", stack.image(PROXY), str(HOME))
    plain = [File(path=path, content=text) for path, text in rendered.items() if path != CONF]
    conf = File(path=CONF, content=rendered[CONF], validate=check, checker="nginx -t")
    # A worker of nginx, which is nobody in particular, reads the hashes at each request.
    return (*plain, SecretFile(path=HTPASSWD, content=Secret(logins), mode=0o644), conf)


def logins(settings: Settings, *, existing: str) -> str:
    """Return the htpasswd file of the site's first user."""
    password = settings.fleet_admin_pass or NOT_YET
    return htpasswd({settings.fleet_admin_user: password}, existing=existing)


def existing_logins(ctx: Context) -> str:
    """Return the htpasswd file that is on the master; empty where there is none."""
    return ctx.run(("cat", "--", str(HTPASSWD)), reads=True, check=False).stdout


def certificate(stack: Stack) -> Resource:
    """Return the certificate to begin with: until certbot has one, the site's own."""
    ssl = stack.settings.ssl
    if ssl.cert_path and ssl.key_path:
        return OwnCertificate(
            home=HOME,
            certificate=PurePosixPath(ssl.cert_path),
            key=PurePosixPath(ssl.key_path),
            name=stack.domain,
            metrics=CERTIFICATE_METRICS,
        )
    return SelfSigned(
        home=HOME,
        names=_names(stack),
        metrics=CERTIFICATE_METRICS,
        provisional=ssl.mode is SslMode.LETSENCRYPT,
    )


def from_lets_encrypt(stack: Stack) -> tuple[Resource, ...]:
    """Return what gets a certificate from Let's Encrypt and renews it; the proxy must run."""
    ssl = stack.settings.ssl
    if ssl.mode is not SslMode.LETSENCRYPT or ssl.cert_path:
        return ()
    issued = LetsEncrypt(domain=stack.domain, email=ssl.email or f"admin@{stack.domain}")
    hook = deploy_hook(
        domain=stack.domain, home=HOME, metrics=CERTIFICATE_METRICS, reload=reloaded().reload
    )
    return (
        *(Directory(path=path) for path in (HOOK.parent.parent, HOOK.parent)),
        File(path=HOOK, content=hook, mode=0o755),
        issued,
        OwnCertificate(
            home=HOME,
            certificate=issued.certificate,
            key=issued.key,
            name=stack.domain,
            metrics=CERTIFICATE_METRICS,
            later=True,
        ),
        reloaded(),
    )


def reloaded() -> ProxyReloaded:
    """Return the proxy that has read its configuration and certificate."""
    return ProxyReloaded(container=PROXY.name, files=(CONF, *SERVER))


def _names(stack: Stack) -> tuple[str, ...]:
    """Return the names under which the master is reached, the one that people use first."""
    master = stack.site.master
    known = (stack.domain, master.scrape_address, master.login.address, *stack.survey.addresses)
    return tuple(dict.fromkeys(name for name in known if name))
