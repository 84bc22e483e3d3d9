"""How the stack's Grafana is set up: variables, without any secret."""

from __future__ import annotations

from collections.abc import Mapping

PASSWORD_FILE = "/run/secrets/grafana/admin_password"  # noqa: S105  # where it lies, not what it is


def grafana_environment(*, root_url: str, trusted: str) -> Mapping[str, str]:
    """Return the GF_ variables of a Grafana behind the proxy.

    `root_url` is the address of the landing page; Grafana is served below it at /grafana/.
    `trusted` is the only address whose word it takes for who is logged in and in which role, at
    every request. The admin's password is read from a file when its database is made, and
    never again.
    """
    return {
        "GF_SERVER_ROOT_URL": f"{root_url.rstrip('/')}/grafana/",
        "GF_SERVER_SERVE_FROM_SUB_PATH": "true",
        "GF_SECURITY_ADMIN_PASSWORD__FILE": PASSWORD_FILE,
        "GF_SECURITY_COOKIE_SECURE": "true",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_AUTH_BASIC_ENABLED": "true",
        "GF_AUTH_PROXY_ENABLED": "true",
        "GF_AUTH_PROXY_HEADER_NAME": "X-WEBAUTH-USER",
        "GF_AUTH_PROXY_HEADER_PROPERTY": "username",
        "GF_AUTH_PROXY_HEADERS": "Role:X-WEBAUTH-ROLE",
        "GF_AUTH_PROXY_AUTO_SIGN_UP": "true",
        "GF_AUTH_PROXY_WHITELIST": trusted,
        "GF_AUTH_PROXY_SYNC_TTL": "0",
        "GF_AUTH_PROXY_ENABLE_LOGIN_TOKEN": "false",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
    }
