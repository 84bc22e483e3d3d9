"""Many resources, one question and one transaction. Knows no resource by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from dcov.change import Action, Change
from dcov.converge.resource import Content, Diagnosing, Resource, Step
from dcov.errors import ConvergeError
from dcov.secret import Masker
from dcov.ssh.command import Finished, Shell, quote
from dcov.ssh.scripts import remote

LOCK_WAIT = 20  # seconds for another run's apply to end
INLINE = 49_152  # bytes of text that travel in the script; more is an upload of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A resource, what the server answered, and what that means."""

    resource: Resource
    change: Change
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A transaction on the server that was neither confirmed nor taken back."""

    key: str
    state: str  # waiting, orphaned, staging
    holder: str

    @property
    def run(self) -> str:
        """The run that it belongs to."""
        return self.key.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What one probe exec brought back."""

    probed: tuple[Probed, ...]
    pending: tuple[Pending, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes, noops included."""
        return tuple(item.change for item in self.probed)

    @property
    def needed(self) -> tuple[Probed, ...]:
        """What applying would touch."""
        return tuple(item for item in self.probed if item.change.needed)

    @property
    def fingerprint(self) -> str:
        """One digest over the probed state of the whole group."""
        joined = "\n".join(item.fingerprint for item in self.probed)
        return sha256(joined.encode()).hexdigest()


def probe_script(resources: Sequence[Resource], *, mark: str) -> Shell:
    """Return the one script that asks for all of these."""
    lines = [f"mark={mark}", remote("probe.sh"), "ask pending"]
    lines += [f"ask {quote(tuple(resource.probe()))}" for resource in resources]
    return Shell("\n".join(lines) + "\n")


def read_answers(
    output: bytes, *, resources: Sequence[Resource], mark: str, masker: Masker
) -> Answers:
    """Take the output apart and let each resource say what its answer means.

    What stands before a conditional resource and is still to be done makes its change unknown.
    """
    parts = _split(output, mark=mark.encode(), count=len(resources) + 1)
    pending = tuple(
        Pending(key=key, state=state, holder=holder.strip())
        for key, state, holder in (
            (line + "  ").split(" ", 2) for line in parts[0][0].decode().splitlines()
        )
    )
    probed: list[Probed] = []
    before: str = ""
    for resource, (out, code) in zip(resources, parts[1:], strict=True):
        found = Finished(
            command=quote(tuple(resource.probe()))[:80],
            exit_code=code,
            stdout=out.decode(errors="surrogateescape"),
        )
        change = resource.plan(found)
        name = masker.text(change.resource)
        if change.conditional and before:
            change = replace(
                change, action=Action.UNKNOWN, reason=f"{before} comes before it and may alter it"
            )
        if change.needed and not before:
            before = name
        diff = tuple(masker.text(_readable(line)) for line in change.diff)
        fingerprint = sha256(_lasting(out, code=code)).hexdigest()
        change = replace(change, resource=name, diff=diff)
        probed.append(Probed(resource=resource, change=change, fingerprint=fingerprint))
    return Answers(probed=tuple(probed), pending=pending)


def _readable(line: str) -> str:
    """Return a line of a file that need not be UTF-8 as it can be shown and written down."""
    return line.encode(errors="surrogateescape").decode(errors="replace")


def _lasting(out: bytes, *, code: int) -> bytes:
    """Return what `expect` in converge.sh takes the digest of: no line after `volatile:`."""
    kept: list[bytes] = []
    for line in (out + b" %d" % code).splitlines(keepends=True):
        if line.rstrip(b"\n") == b"volatile:":
            break
        kept.append(line)
    return b"".join(kept)


def _split(output: bytes, *, mark: bytes, count: int) -> list[tuple[bytes, int]]:
    parts: list[tuple[bytes, int]] = []
    rest = output
    for _ in range(count):
        out, found, rest = rest.partition(b"\n" + mark + b" ")
        code, newline, rest = rest.partition(b"\n")
        if not found or not newline:
            raise ValueError("the probe's answer is not complete")
        parts.append((out, int(code)))
    return parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What one probed resource will do, with its steps."""

    probed: Probed
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, probed: Probed) -> Planned:
        """Ask the resource for its steps."""
        return cls(probed=probed, steps=probed.resource.apply(probed.change))

    def uploads(self) -> Iterable[Content]:
        """Yield what must be uploaded before the script can run."""
        for step in self.steps:
            for word in () if isinstance(step, Shell) else step:
                if isinstance(word, Content) and not _inline(word):
                    yield word

    def diagnose(self, words: str) -> ConvergeError | None:
        """Ask the resource what the last words of a step of it mean."""
        resource = self.probed.resource
        return resource.diagnose(words) if isinstance(resource, Diagnosing) else None


def _inline(content: Content) -> bool:
    text = content.text
    return text is not None and len(text.encode()) <= INLINE and "\0" not in text


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What the apply script must know of its run; `limit` are seconds until it undoes itself."""

    key: str
    holder: str
    mark: str
    limit: float

    def _head(self) -> list[str]:
        library = remote("converge.sh")
        return [
            f"run={quote((self.key,))} holder={quote((self.holder,))}",
            f"mark={self.mark} limit={max(int(self.limit), 5)}",
            f"library={quote((library,))}",
            'eval "$library"',
        ]

    def apply_script(
        self, answers: Answers, *, planned: Iterable[Planned], staged: Mapping[Content, str]
    ) -> Shell:
        """Return the script that checks the fingerprints under the lock and does the steps."""
        lines = [
            *self._head(),
            "trap '' HUP PIPE",
            f"take_lock {LOCK_WAIT}",
            "already_done",
            "no_other_run",
        ]
        for item in answers.probed:
            words = (item.change.resource, item.fingerprint, *item.resource.probe())
            lines.append(f"expect {quote(words)}")
        lines.append("begin")
        for plan in planned:
            lines.append(f"resource {quote((plan.probed.change.resource,))}")
            written: set[Content] = set()
            for step in plan.steps:
                lines += _step(step, staged=staged, written=written)
            lines.append("changed")
        lines.append("applied")
        return Shell("\n".join(lines) + "\n")

    def end_script(self, verb: str, *keys: str) -> Shell:
        """Return the script that commits, takes back or sweeps these transactions."""
        lines = [*self._head(), "trap '' HUP PIPE"]
        lines += [] if verb == "forget_staged" else ["take_lock 60"]
        if verb == "sweep":
            lines.append(f"sweep {quote(keys)}")
        else:
            lines += [
                f"(run={quote((key,))}; journal=$journals/$run; {verb}; say end)" for key in keys
            ]
        return Shell("\n".join(lines) + "\n")


def _step(step: Step, *, staged: Mapping[Content, str], written: set[Content]) -> list[str]:
    if isinstance(step, Shell):
        return [f"step eval {quote((step,))}"]
    before: list[str] = []
    words: list[str] = []
    for word in step:
        if isinstance(word, str):
            words.append(quote((word,)))
        elif word in staged:
            words.append(quote((staged[word],)))
        else:
            assert word.text is not None
            path = str(word.to)
            if word not in written:  # its checker and its placing share what was staged
                before.append(f"step stage {quote((path, word.text))}")
                written.add(word)
            words.append(f'"$(beside {quote((path,))} new)"')
    return [*before, f"step {' '.join(words)}"]
