"""A site of servers on loopback, in a process of its own: what examples and pages are run on.

    python -m loopback_site FOLDER

Writes FOLDER/fleet-config.yaml and what belongs to it, prints `ready`, and ends with its standard
input. As root it has mounts of its own for what dcov keeps on a server, since all these servers
are this one machine; what tasks write elsewhere is seen by everybody.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ALONE = """
for folder in /run/lock /run/dcov /var/lib/dcov; do
    mkdir -p "$folder" && mount -t tmpfs tmpfs "$folder" || exit
done
exec "$@"
"""
CONFIG = """\
site_name: Loopback
ssh:
  username: {user}
  key_path: {key}
  port: {port}
servers:
  - name: gpu-01
    server_ip: 127.0.0.1
    labels: {{rack: a1}}
  - name: gpu-02
    server_ip: 127.0.0.2
    labels: {{rack: a2}}
  - name: spare-01 # nothing listens on its port
    server_ip: 127.0.0.3
    ssh_port: {closed}
"""


@contextmanager
def loopback_site(folder: Path) -> Iterator[Path]:
    """Have the site up for the time of a `with` block; gives its fleet-config.yaml."""
    argv = [sys.executable, "-m", "loopback_site", str(folder)]
    if os.geteuid() == 0:
        argv = ["unshare", "--mount", "sh", "-c", ALONE, "sh", *argv]
    tests = Path(__file__).parent
    with subprocess.Popen(
        argv, cwd=tests, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        try:
            if said.strip() != "ready":
                raise OSError("the site on loopback did not start; its words are above")
            yield folder / "fleet-config.yaml"
        finally:
            process.communicate()  # closes its standard input


def main(folder: Path) -> None:
    from dcov.testing import LoopbackSshd, closed_port

    with LoopbackSshd() as sshd, closed_port() as closed:
        config = CONFIG.format(
            user=sshd.user, key=sshd.key_path, port=sshd.port, closed=closed.port
        )
        (folder / "fleet-config.yaml").write_text(config)
        known = sshd.known_hosts(["gpu-01", "gpu-02", "spare-01"])
        (folder / "known_hosts").write_bytes(known.read_bytes())
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
