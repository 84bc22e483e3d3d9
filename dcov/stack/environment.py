"""Files of environment variables, for images that take passwords in no other way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from dcov.errors import ConfigError
from dcov.resources import SecretFile
from dcov.secret import Secret
from dcov.stack.paths import SECRETS

# Compose 2 expands and unquotes values in such a file, compose 1 takes them as they are: what both
# read alike has none of these.
AMBIGUOUS = re.compile(r"[$'\"\\#`\s]")


def environment_path(component: str) -> PurePosixPath:
    """Return where a component's file of variables lies on the master."""
    return SECRETS / f"{component}.env"


def environment_file(path: PurePosixPath, values: Mapping[str, Secret | str]) -> SecretFile:
    """Return the file, root's alone.

    Raises ConfigError for a value that the two generations of compose would read differently.
    """
    plain = {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in values.items()
    }
    for name, value in plain.items():
        if AMBIGUOUS.search(value):
            message = (
                "holds a space or one of $ ' \" \\ # `, and this image takes it by a file of "
                "environment variables, in which they are ambiguous; choose another"
            )
            raise ConfigError.about(message, key=name)
    text = "".join(f"{name}={value}\n" for name, value in plain.items())
    return SecretFile(path=path, content=Secret(text))
