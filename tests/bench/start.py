"""Starts one contestant and says what it took: `python start.py FILE ARGV ...`.

A process of its own, because a child's peak memory begins with that of its parent: what runs the
benchmark has loaded dcov and paramiko, and holds more than some of the contestants.
"""

import json
import os
import sys
import time
from pathlib import Path

file, *argv = sys.argv[1:]
began = time.monotonic()
pid = os.posix_spawnp(argv[0], argv, os.environ)
_, status, used = os.wait4(pid, 0)  # with all children that it waited for
took = {
    "code": os.waitstatus_to_exitcode(status),
    "wall": time.monotonic() - began,
    "cpu": used.ru_utime + used.ru_stime,
    "memory": used.ru_maxrss / 1024,
}
Path(file).write_text(json.dumps(took))
