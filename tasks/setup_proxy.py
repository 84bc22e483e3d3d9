"""Put one login and one certificate in front of everything on the master."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import PROXY, Blueprint, Healthy, proxy, recorded


@task(on="master", prepare=Blueprint.complete)
def setup_proxy(ctx: Context) -> None:
    """Run nginx in front of the services: TLS, one login, the landing page.

    Nothing is published before it asks for a login. nginx checks its configuration before that is
    placed; the former one is put back where the new one does not come up. A certificate of Let's
    Encrypt is got once the proxy answers, and renewed by certbot's own timer. Another program that
    listens on port 80 or 443 is named, and left alone.
    """
    blueprint: Blueprint = ctx.prepared
    if not PROXY.on(blueprint.site.settings):
        ctx.skip("components.dc_overview is off: there is nothing to put a login before")
    stack = blueprint.stack(ctx)
    if not stack.survey.runs(PROXY.name):
        stack.survey.require_port(80)
        stack.survey.require_port(443)
    settings = blueprint.site.settings
    logins = proxy.logins(settings, existing=proxy.existing_logins(ctx))
    running = (proxy.reloaded(),) if stack.survey.runs(PROXY.name) else ()
    ctx.ensure(
        *stack.images(PROXY),
        *recorded(
            *stack.foundation(),
            *proxy.folders(),
            proxy.certificate(stack),
            *proxy.files(stack, logins=logins),
        ),
        *stack.services(PROXY),
        *running,
    )
    ctx.verify(Healthy(containers=(PROXY.name,)), within=60)
    issued = proxy.from_lets_encrypt(stack)
    ctx.ensure(*(recorded(*issued) if issued else ()))
    ctx.verify(proxy.LoginAsked(), within=30)
