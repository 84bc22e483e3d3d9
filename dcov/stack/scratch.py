"""Room on this machine for what an archive holds."""

from __future__ import annotations

import shutil
import weakref
from pathlib import Path
from tempfile import mkdtemp

from platformdirs import user_cache_path

from dcov.home import own_folder


class Scratch:
    """A folder that is this user's alone, and gone when nobody holds this object any more."""

    def __init__(self) -> None:
        cache = own_folder(user_cache_path)
        cache.mkdir(parents=True, exist_ok=True)
        self.folder = Path(mkdtemp(prefix="scratch-", dir=cache))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
