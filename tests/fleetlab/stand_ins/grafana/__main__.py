"""Start the stand-in: `python3 -m grafana`."""

from __future__ import annotations

import os
import signal
import sys

from .api import Api
from .login import Users
from .provisioning import Provisioning, ProvisioningError, log
from .server import Site, serve
from .settings import Settings, SettingsError
from .store import Store


def main() -> None:
    # As process 1 of a container it would not be ended by a signal that nobody handles.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = Settings.of(os.environ)
        store = Store(settings.data)
        users = Users(store, settings)
        provisioning = Provisioning(
            settings.provisioning, store=store, environment=settings.environment
        )
        provisioning.start()
    except (SettingsError, ProvisioningError) as error:
        log(f"cannot start: {error}")
        sys.exit(1)
    api = Api(store=store, provisioning=provisioning)
    serve(Site(settings=settings, users=users, api=api))


if __name__ == "__main__":
    main()
