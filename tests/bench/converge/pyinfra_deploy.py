"""pyinfra: the same set."""

import json
import os
from io import StringIO
from pathlib import Path

from pyinfra import host
from pyinfra.operations import files, server

spec = json.loads(Path(os.environ["BENCH_SPEC"]).read_text())
want = host.data
server.user(
    name="user",
    user=want.b_user,
    system=True,
    ensure_home=False,
    shell="/usr/sbin/nologin",
)
files.directory(name="folder", path=want.b_folder, mode="755")
files.put(name="binary", src=spec["binary"], dest=f"{want.b_folder}/exporter", mode="755")
files.put(
    name="unit", src=StringIO(want.b_unit), dest=f"{want.b_folder}/exporter.service", mode="644"
)
files.put(
    name="config", src=StringIO(want.b_config), dest=f"{want.b_folder}/exporter.yml", mode="644"
)
