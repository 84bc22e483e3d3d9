"""Put one login and one certificate in front of everything on the master."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import PROXY, Blueprint, Healthy, Stack, claim, on_engine, proxy, recorded


@task(on="master", prepare=Blueprint.complete)
@on_engine
def setup_proxy(ctx: Context) -> None:
    """Run nginx in front of the services: TLS, one login, the landing page.

    Nothing is published before it asks for a login. nginx checks its configuration before that is
    placed; the former one is put back where the new one does not come up. A certificate of Let's
    Encrypt is got once the proxy answers, and renewed by certbot's own timer. Another program that
    listens on port 80 or 443 is named, and left alone.

    A proxy of the family that runs here already is used in its place: it gets routes, and is not
    touched otherwise; its own login protects them. See docs/beside-others.md.
    """
    blueprint: Blueprint = ctx.prepared
    if not PROXY.on(blueprint.site.settings):
        ctx.skip("components.dc_overview is off: there is nothing to put a login before")
    stack = blueprint.to_deploy(ctx)
    proxy.require_choice(stack)
    if stack.family:
        _use_family(ctx, stack=stack)
    else:
        _run_nginx(ctx)
        # Apart, so that a challenge that fails does not take the proxy away again.
        _get_certificate(ctx)
    claim(ctx, stack)


@task(on="master", prepare=Blueprint.complete)
def _run_nginx(ctx: Context) -> None:
    """Run nginx, with the site's own certificate to begin with."""
    blueprint: Blueprint = ctx.prepared
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
    ctx.verify(proxy.LoginAsked(), within=30)


@task(on="master", prepare=Blueprint.complete)
def _get_certificate(ctx: Context) -> None:
    """Get a certificate from Let's Encrypt where the site asks for one."""
    blueprint: Blueprint = ctx.prepared
    issued = proxy.from_lets_encrypt(blueprint.stack(ctx))
    if issued:
        ctx.ensure(*recorded(*issued))
        ctx.verify(proxy.LoginAsked(), within=30)


def _use_family(ctx: Context, *, stack: Stack) -> None:
    """Have the family's proxy lead to the gate, once it has refused strangers there."""
    family = proxy.Family.of(ctx, stack=stack)
    refused = proxy.StrangersRefused(paths=family.asked)
    ctx.ensure(*family.added(stack))
    ctx.verify(refused, within=10)  # nothing answers behind it yet
    running = (proxy.gate_reloaded(),) if stack.survey.runs(proxy.GATE.name) else ()
    ctx.ensure(
        *stack.images(proxy.GATE),
        *recorded(*stack.foundation(), *proxy.gate_files(stack, family=family)),
        *stack.services(proxy.GATE),
        *running,
    )
    ctx.verify(Healthy(containers=(proxy.GATE.name,)), within=60)
    ctx.verify(refused, within=10)
    ctx.note(f"uses the {PROXY.name} that runs here already ({family.container.image})")
