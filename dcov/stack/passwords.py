"""The passwords that a stack cannot do without."""

from __future__ import annotations

from dcov.config.generated import GENERATED, ensure_secrets, missing_secrets
from dcov.config.passwords import checked_for_deploy
from dcov.context import Preparing
from dcov.errors import ConfigError, Problem
from dcov.inventory.site import Site


def with_passwords(preparing: Preparing, *keys: str) -> Site:
    """Return the site with these keys of `.secrets.yaml` set.

    What is missing is made up and written there, 0600, and said. A plan writes nothing. Raises
    ConfigError where the site has no file beside which it could be kept, and for a password that
    is short or everybody's default.
    """
    site = preparing.fleet
    if weak := checked_for_deploy(site.settings, path=site.path):
        raise ConfigError(problems=weak)
    missing = missing_secrets(site.settings, among=keys)
    if not missing or preparing.planning:
        return site
    if site.path is None or site.path.is_dir():
        problems = (Problem(message="no password is set", key=key) for key in missing)
        raise ConfigError(problems=tuple(problems))
    made = ensure_secrets(site.path, wanted={key: GENERATED[key] for key in missing})
    complete = Site.load(site.path)
    preparing.hide(complete.secrets)
    if made:
        preparing.note(f"made up {', '.join(made)}; .secrets.yaml beside {site.path.name} has them")
    return complete
