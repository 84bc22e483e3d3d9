"""The login that a site declares for its Grafana."""

from __future__ import annotations

from dcov.errors import ConfigError
from dcov.inventory.site import Site
from dcov.secret import Secret


def admin_password(site: Site) -> Secret:
    """Return the password of Grafana's admin; raises ConfigError where the site has none."""
    found = site.settings.grafana.admin_password
    if found is None:
        message = "is needed to talk to Grafana; it stands as grafana_password in .secrets.yaml"
        key = "grafana.admin_password"
        raise ConfigError.about(message, file=site.path, key=key)
    return found
