"""fleet-config.yaml and the secrets file beside it, read into one value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcov.config.certificate import check_certificate
from dcov.config.checks import Fault, check
from dcov.config.document import Document, Loc, written
from dcov.config.known import UNUSED_SECRETS, KnownKey, take
from dcov.config.mask import hide
from dcov.config.merge import merge
from dcov.config.notice import Notice
from dcov.config.plain import Plain
from dcov.config.reading import M, Reading, nearest, read
from dcov.config.references import References
from dcov.config.scrape_configs import check_scrape_configs
from dcov.config.secrets_file import FILE_NAME, SecretsFile
from dcov.config.settings import Settings, secrets_in
from dcov.config.source import Source
from dcov.errors import ConfigError, Problem
from dcov.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """A key of the existing product that is set here and has no effect."""

    key: str
    value: Any  # with every secret in it wrapped
    reason: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A site's configuration as its files say it, secrets included."""

    path: Path
    settings: Settings
    unmanaged: tuple[Unmanaged, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything that must never be shown."""
        kept = [one.value for one in self.unmanaged]
        return tuple(dict.fromkeys((*secrets_in(self.settings), *secrets_in(kept))))


def load(path: Path | str) -> Config:
    """Read the configuration at this path; a ConfigError lists everything wrong with it."""
    return load_source(Source.read(Path(path)))


def load_source(source: Source) -> Config:
    """Read a configuration whose text is already at hand, as if it lay at its path."""
    document = Document.parse(source.text, file=source.file)
    plain = Plain(document=document, follow=References(source=source).follow)
    data = plain.value()
    taken = take(data)
    unread = {problem.key for problem in plain.problems}
    found = (
        *check(data),
        *check_certificate(data, unread=unread),
        *check_scrape_configs(data),
    )
    faults = [_between(document, fault) for fault in found]
    reading = read(document, data, model=Settings, context=source.folder)
    problems = [*plain.problems, *_new(reading, after=plain.problems), *faults]
    secrets, secrets_problems = _secrets(source.folder / FILE_NAME)
    problems = [*sorted(problems, key=_place), *sorted(secrets_problems, key=_place)]
    if problems or reading.model is None:
        raise ConfigError(problems=tuple(problems))
    settings = merge(reading.model, secrets=secrets.model or SecretsFile())
    notices = (
        *_open_secrets(source, reading.model),
        *sorted(_idle(document, taken), key=lambda notice: notice.line),
        *_unused(secrets),
        *_nameless(secrets, settings),
    )
    return Config(
        path=source.file,
        settings=settings,
        unmanaged=tuple(
            Unmanaged(
                key=written(loc),
                value=hide(value, key=str(loc[-1])),
                reason=known.reason,
                instead=known.instead,
            )
            for loc, known, value in taken
        ),
        notices=notices,
    )


def _between(document: Document, fault: Fault) -> Problem:
    other = document.find(fault.other).value if fault.other else None
    where = f" (the other: line {other.start_mark.line + 1})" if other else ""
    return document.problem(fault.message + where, loc=fault.loc, at_key=fault.at_key)


def _secrets(file: Path) -> tuple[Reading[SecretsFile], list[Problem]]:
    if not file.exists():
        empty = Document(file=file, text="", root=None)
        return Reading(document=empty, model=SecretsFile(), problems=()), []
    source = Source.read(file)
    document = Document.parse(source.text, file=file)
    plain = Plain(document=document, follow=References(source=source).follow)
    reading = read(document, plain.value(), model=SecretsFile)
    problems = [*_exposed(source, document), *plain.problems]
    return reading, [*problems, *_new(reading, after=plain.problems)]


def _exposed(source: Source, document: Document) -> Iterator[Problem]:
    if source.open_to_readers or source.open_to_writers:
        mode = f"{source.mode:04o}"
        message = f"is open to others (mode {mode}): `chmod 600 {source.file}`"
        yield document.problem_at(None, message, key="")


def _new(reading: Reading[M], *, after: list[Problem]) -> list[Problem]:
    """Leave out what follows from an earlier problem: a value that could not be read."""
    said = {problem.key for problem in after}
    return [problem for problem in reading.problems if problem.key not in said]


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def _idle(document: Document, taken: list[tuple[Loc, KnownKey, Any]]) -> Iterator[Notice]:
    """Name each key that is set and has no effect, where it would have one elsewhere."""
    for loc, known, value in taken:
        if value not in known.idle:
            node = document.find(loc).key
            yield Notice(
                file=document.file,
                line=node.start_mark.line + 1 if node else 1,
                key=written(loc),
                message=f"has no effect: {known.reason}",
                instead=known.instead,
            )


def _unused(secrets: Reading[SecretsFile]) -> Iterator[Notice]:
    """Name each secret that is set and that nothing asks for."""
    for known in UNUSED_SECRETS:
        if getattr(secrets.model, known.path[0], None) is not None:
            node = secrets.document.find(known.path).key
            yield Notice(
                file=secrets.document.file,
                line=node.start_mark.line + 1 if node else 1,
                key=known.path[0],
                message=f"has no effect: {known.reason}",
                instead=known.instead,
            )


def _open_secrets(source: Source, settings: Settings) -> Iterator[Notice]:
    if source.open_to_readers and next(secrets_in(settings), None):
        yield Notice(
            file=source.file,
            line=1,
            key=source.file.name,
            message="holds passwords and can be read by others: "
            f"`chmod 600`, or move them to {FILE_NAME}",
        )


def _nameless(secrets: Reading[SecretsFile], settings: Settings) -> Iterator[Notice]:
    """Find passwords of servers that do not exist: a name mistyped, or a server removed."""
    names = tuple(str(server.name) for server in settings.declared)
    model = secrets.model
    for table, name in model.server_names if model else ():
        if name not in names:
            node = secrets.document.find((table, name)).key
            yield Notice(
                file=secrets.document.file,
                line=node.start_mark.line + 1 if node else 1,
                key=f"{table}.{name}",
                message=f"no server has this name; {nearest(name, among=names)}",
            )
