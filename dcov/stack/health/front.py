"""Whether the proxy asks for a login, lets it in everywhere, and has a good certificate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cryptography import x509

from dcov.context import Context
from dcov.errors import ConfigError
from dcov.secret import Secret
from dcov.stack.component import PROXY
from dcov.stack.health.verdict import Layer, Level, Verdict
from dcov.stack.proxy import Access, CertificateFacts, StrangersRefused, proxy_of
from dcov.stack.proxy.family import ASKED
from dcov.stack.stack import Stack

if TYPE_CHECKING:
    import requests

HERE = "https://127.0.0.1"
WITHIN = 15.0
SOON, VERY_SOON = 21, 7  # days; certbot renews when 30 are left
SETUP = "`dcov run setup-proxy` puts it right"


def of_proxy(ctx: Context, *, stack: Stack) -> Iterator[Verdict]:
    """Yield what the proxy answers a stranger and the site's first user, and its certificate."""
    import requests

    from dcov.clients.tls_tunnel import Certificates, tunnelled_tls

    shown = Certificates()
    theirs = stack.survey.foreign(PROXY.name) is not None
    with tunnelled_tls(ctx.open_port, name=stack.domain, shown=shown, within=WITHIN) as http:
        try:
            if theirs:
                # Its logins are not ours, nor are its other routes.
                yield _verdict(ctx, "/", answer=_ask(http, "/"), access=None)
                yield from behind_theirs(ctx, stack=stack)
            else:
                yield from _routes(ctx, http, stack=stack)
        except (requests.RequestException, OSError) as error:
            yield _verdict(ctx, "/", why=f"does not answer: {error}", hint="`dcov proxy test`")
    if shown.shown:
        yield certificate(shown.shown, name=stack.domain, server=ctx.name)


def behind_theirs(ctx: Context, *, stack: Stack) -> Iterator[Verdict]:
    """Yield whether somebody else's proxy leads strangers to a login where dcov's services are.

    What it answers to somebody who is logged in is not known: its logins are its own.
    """
    names = {item.name for item in stack.components}
    for component, paths in ASKED.items():
        if component in names:
            wrong = StrangersRefused(paths=paths).look(ctx)
            hint = "`dcov run setup-proxy` puts it right, or says what hinders it" if wrong else ""
            why = f"to somebody without a login {wrong}" if wrong else "asks for a login"
            yield _verdict(ctx, paths[0], why=why, hint=hint)


def _routes(ctx: Context, http: requests.Session, *, stack: Stack) -> Iterator[Verdict]:
    settings = stack.settings
    paths = {"/": Access.LOGIN}
    try:
        paths |= {route.path: route.access for route in proxy_of(stack).routes}
    except ConfigError as error:
        yield _verdict(ctx, "/", why=error.why, hint=error.remedy)
    password = settings.fleet_admin_pass
    for path, access in paths.items():
        stranger = _ask(http, path)
        if stranger.status_code != HTTPStatus.UNAUTHORIZED:
            why = f"answers {stranger.status_code} to somebody without a login"
            yield _verdict(ctx, path, why=why, hint=SETUP)
        elif password is None:
            yield _verdict(ctx, path, why="asks for a login")
        else:
            answer = _ask(http, path, user=settings.fleet_admin_user, password=password)
            yield _verdict(ctx, path, answer=answer, access=access)
    if password is None:
        yield Verdict(
            layer=Layer.PROXY,
            subject="login",
            level=Level.WARN,
            why="no fleet_admin_pass is known here, so nothing was asked with a login",
            hint="it stands in the .secrets.yaml with which the site was deployed",
            server=ctx.name,
        )


def _ask(
    http: requests.Session, path: str, *, user: str = "", password: Secret | None = None
) -> requests.Response:
    login: Any = None
    if password is not None:
        login = (user.encode(), password.reveal().encode())
    return http.get(HERE + path, auth=login, timeout=WITHIN, allow_redirects=False)


def _verdict(
    ctx: Context,
    path: str,
    *,
    answer: requests.Response | None = None,
    access: Access | None = Access.LOGIN,
    why: str = "",
    hint: str = "",
) -> Verdict:
    level = Level.BAD if hint else Level.OK
    if answer is not None:
        status = answer.status_code
        refused = status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        # Below the paths for admins nothing need answer at their root; a stranger may be refused.
        fine = status < HTTPStatus.BAD_REQUEST or (
            (access is None or (access is Access.ADMIN and not refused))
            and status < HTTPStatus.INTERNAL_SERVER_ERROR
        )
        if not fine:
            level, why, hint = Level.BAD, *_refused(status)
    return Verdict(
        layer=Layer.PROXY, subject=path, level=level, why=why, hint=hint, server=ctx.name
    )


def _refused(status: int) -> tuple[str, str]:
    """Say what an answer to somebody with a login means."""
    if status == HTTPStatus.UNAUTHORIZED:
        return "does not take the site's own login (401)", SETUP
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"the service behind it does not answer ({status})", "`dcov status` shows which runs"
    return f"answers {status} to the site's own login", SETUP


def certificate(shown: bytes, *, name: str, server: str) -> Verdict:
    """Judge a certificate, in DER, by how long it is good and for whom."""
    facts = CertificateFacts.of(x509.load_der_x509_certificate(shown))
    days = facts.days_left(datetime.now(tz=UTC))
    level, why, hint = Level.OK, f"{days} days left", ""
    if days < SOON:
        level = Level.BAD if days < VERY_SOON else Level.WARN
        why = f"{days} days left" if days >= 0 else f"ended on {facts.ends:%Y-%m-%d}"
        hint = SETUP.replace("puts it right", "makes or renews it")
    elif not facts.covers(name):
        level, why, hint = Level.BAD, f"is for {', '.join(facts.names)}", SETUP
    return Verdict(
        layer=Layer.CERTIFICATE, subject=name, level=level, why=why, hint=hint, server=server
    )
