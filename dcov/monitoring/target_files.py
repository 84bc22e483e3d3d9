"""The files from which Prometheus takes its targets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from dcov.converge.resource import Resource
from dcov.monitoring.former import FormerFiles
from dcov.monitoring.targets import Target, file_sd
from dcov.resources import Directory, File


def target_files(found: Iterable[Target], *, folder: PurePosixPath) -> tuple[Resource, ...]:
    """Return a folder with one file for each job, and none of a job that is there no more.

    Prometheus reads whatever lies there, and sees a change by itself; the folder is dcov's own.
    """
    texts = {f"{job}.json": text for job, text in file_sd(found).items()}
    return (
        Directory(path=folder),
        *(File(path=folder / name, content=text) for name, text in texts.items()),
        FormerFiles(folder=folder, pattern="*.json", kept=tuple(texts)),
    )
