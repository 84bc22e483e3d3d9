"""An existing DC Overview host made a site of dcov: read on its master, written down here.

Nothing is changed on the master. What is written here has the next deploy use the volumes that are
there, run the images that run, and keep the operator's jobs and rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcov.change import unified
from dcov.config import graft
from dcov.config.document import Document, Loc
from dcov.config.generated import write_secrets
from dcov.config.host_lines import merge_hosts
from dcov.config.load import load, load_source
from dcov.config.plain import Plain
from dcov.config.replace import editing, put, replace
from dcov.config.search import FILE_NAME
from dcov.config.secrets_file import FILE_NAME as SECRETS_FILE
from dcov.config.secrets_file import SecretsFile
from dcov.config.shared import local, masked
from dcov.config.source import Source
from dcov.config.take_over import take_over
from dcov.context import Context
from dcov.deployed import has_copy
from dcov.deployed.claim import read_truth
from dcov.deployed.copy import HOSTS, Copy
from dcov.errors import ConfigError
from dcov.fleet import Fleet
from dcov.home import expanded
from dcov.inventory.site import Site
from dcov.rendering import Templates
from dcov.runnable import task
from dcov.secret import Secret
from dcov.stack.blueprint import FOLDER as TEMPLATES
from dcov.stack.component import COMPONENTS, GRAFANA, PROMETHEUS
from dcov.stack.inherited import Inherited, inherit, older_files, shipped_records, text_of
from dcov.stack.paths import HOME
from dcov.stack.prometheus import CONFIG
from dcov.stack.stack import PROJECT
from dcov.stack.survey import Container, Survey

# Where each component keeps what must not be lost, as its container sees it.
DATA = {
    PROMETHEUS.name: "/prometheus",
    GRAFANA.name: "/var/lib/grafana",
    "ipmi-monitor": "/app/data",
    "vastai-exporter": "/data",
    "runpod-exporter": "/data",
}
REPLACED = (PROMETHEUS.name, GRAFANA.name)  # the services of the older product's compose file
GIVEN = "GF_SECURITY_ADMIN_PASSWORD="  # in Grafana's environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Older:
    """What is on a master of an older product: files, and what its containers run and use.

    `volumes` and `images` are by component, `others` are containers that stay as they are;
    `prometheus` is the text of its configuration, `rules` are its rule files.
    """

    texts: Mapping[str, str] = field(repr=False)
    secrets: str = field(repr=False)
    password: str = field(repr=False)
    volumes: Mapping[str, str]
    images: Mapping[str, str]
    others: tuple[str, ...]
    prometheus: str
    rules: Mapping[str, str]

    @property
    def said(self) -> tuple[str, ...]:
        """What becomes of the containers."""
        return (
            *(
                f"{name}: made anew by the next deploy, on the volume {self.volumes[name]}"
                for name in self.images
            ),
            *(f"{name}: runs already, and stays as it is" for name in self.others),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What an adoption writes here: the site's files, each as it lies here and as it is to be.

    `said` is what the next deploy will do about what is there, line by line.
    """

    path: Path
    had: Mapping[str, str] = field(repr=False)
    wanted: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, object] = field(repr=False)
    older: Older
    inherited: Inherited

    @property
    def said(self) -> tuple[str, ...]:
        """What was found, and what becomes of it."""
        names = {
            "jobs that are kept": self.inherited.kept,
            "jobs in whose place dcov puts its own": self.inherited.dropped,
            "rule files that are kept": tuple(self.inherited.rules),
        }
        lines = (f"{what}: {', '.join(found)}" for what, found in names.items() if found)
        return (*self.older.said, *lines)

    @property
    def diff(self) -> tuple[str, ...]:
        """The lines that change here; passwords are masked, and secrets named alone."""
        lines: list[str] = []
        for name, text in self.wanted.items():
            old = self.had[name]
            if name == FILE_NAME:
                old, text = (masked(one, file=self.path) for one in (old, text))  # noqa: PLW2901
            diff = unified(name, old=old, new=text)
            lines += (f"--- {name}", f"+++ {name}", *diff) if diff else ()
        lines += [f"+{SECRETS_FILE}: {key}" for key in self.secrets]
        return tuple(lines)


@task(on="master")
def look_at_older(ctx: Context) -> Secret:
    """Return what an older product left on the master, as JSON; no record shows it."""
    survey = Survey.of(ctx)
    survey.require_engine()
    theirs = {name: item for name in DATA if (item := survey.foreign(name)) is not None}
    replaced = {
        name: item for name, item in theirs.items() if name in REPLACED and item.project == PROJECT
    }
    volumes = {name: found for name, item in theirs.items() if (found := _volume(item, name=name))}
    prometheus = replaced.get(PROMETHEUS.name)
    config, rules = older_files(ctx, prometheus) if prometheus else ("", {})
    known = {item.name for item in COMPONENTS} | {"dc-overview", "cryptolabs-watchtower"}
    others = sorted(
        name
        for name, item in survey.containers.items()
        if name in known and not item.ours and name not in replaced
    )
    older = {
        "texts": dict(read_truth(ctx)),
        "secrets": text_of(ctx, HOME / SECRETS_FILE) or "",
        "password": _password(ctx) if GRAFANA.name in replaced else "",
        "volumes": volumes,
        "images": {name: _image(ctx, name) for name in replaced},
        "others": others,
        "prometheus": config,
        "rules": rules,
    }
    return Secret(json.dumps(older))


def find_adoption(fleet: Fleet) -> Adoption:
    """Say what an adoption of the fleet's master would write here; nothing is changed.

    Raises ConfigError where there is no older product, or where its containers keep their data so
    that dcov cannot use them in place.
    """
    path = fleet.site.path
    if path is None or not path.is_file():
        raise _refusal(path, "only a fleet-config.yaml can keep an adopted site")
    said = fleet.master.run(look_at_older).value
    assert isinstance(said, Secret)
    older = Older(**json.loads(said.reveal()))
    _require(older, path=path, server=fleet.master.name)
    return of_older(older, path=path, copied=has_copy(fleet.site))


def of_older(older: Older, *, path: Path, copied: bool) -> Adoption:
    """Return what to write at this path; `copied` unless it is the master's own file."""
    source = Source.read(path)
    own = {FILE_NAME: source.text, HOSTS: _text(path.absolute().parent / HOSTS)}
    if copied:
        wanted = {FILE_NAME: _merged(older, path=path), HOSTS: _hosts(older, path=path)}
    else:
        wanted = {FILE_NAME: own[FILE_NAME]}
    text = wanted[FILE_NAME] = _named(wanted[FILE_NAME], older=older, file=path)
    new = load_source(Source(file=path, text=text, owner=source.owner, mode=source.mode))
    found = Inherited(text="")
    if older.prometheus:
        records = shipped_records(Templates(path.absolute().parent / TEMPLATES))
        site = Site.of_config(new)
        found = inherit(
            older.prometheus, site=site, rules=older.rules, records=records, file=str(CONFIG)
        )
    return Adoption(
        path=path,
        had={name: own[name] for name in wanted},
        wanted=wanted,
        secrets=_secrets(older, path=path),
        older=older,
        inherited=found,
    )


def adopt(fleet: Fleet) -> Adoption:
    """Write the site of an older product's master here; the next deploy takes it over.

    Raises what `find_adoption` does; ConfigError as well where its configuration cannot be used.
    """
    adoption = find_adoption(fleet)
    path = adoption.path
    with editing(path):
        source = Source.read(path)
        text = adoption.wanted[FILE_NAME]
        write_secrets(path.absolute().parent / SECRETS_FILE, values=adoption.secrets)
        if HOSTS in adoption.wanted and adoption.wanted[HOSTS] != adoption.had[HOSTS]:
            put((path.absolute().parent / HOSTS).resolve(), text=adoption.wanted[HOSTS])
        if text != source.text:
            replace(source, text=text)
        if has_copy(fleet.site) and adoption.older.texts[FILE_NAME]:
            Copy.at(path).agreed(adoption.older.texts)
    return adoption


def _merged(older: Older, *, path: Path) -> str:
    """Return their configuration, in which what ours says goes before; ours once it has been."""
    own, theirs = Source.read(path).text, older.texts[FILE_NAME]
    base = Copy.at(path).base
    if not theirs or (base is not None and base[FILE_NAME] == theirs):
        return own
    return take_over(_of_here(theirs, file=path), base=None, theirs=own, file=path, keep_ours=False)


def _hosts(older: Older, *, path: Path) -> str:
    file = path.absolute().parent / HOSTS
    return merge_hosts(_text(file), base=None, theirs=older.texts[HOSTS], file=file, keep_ours=True)


def _volume(container: Container, *, name: str) -> str:
    return next((item.volume for item in container.mounts if item.inside == DATA[name]), "")


def _image(ctx: Context, name: str) -> str:
    """Return the image that a container runs, by digest where it came from a registry."""
    script = (
        'id=$(docker container inspect --format "{{.Image}}" "$1") && '
        'docker image inspect --format "{{json .RepoDigests}}" "$id" && '
        'docker container inspect --format "{{.Config.Image}}" "$1"'
    )
    said = ctx.run(("sh", "-c", script, "sh", name), reads=True).stdout.splitlines()
    digests = json.loads(said[0]) or []
    return str(digests[0]) if digests else said[1]


def _password(ctx: Context) -> str:
    """Return what Grafana was given as its admin's password when it was set up."""
    said: list[bytes] = []
    words = ("docker", "container", "inspect", "--format", "{{json .Config.Env}}", GRAFANA.name)
    ctx.run(words, reads=True, sink=said.append)
    variables = json.loads(b"".join(said)) or []
    given = (item for item in variables if item.startswith(GIVEN))
    return next(given, GIVEN).removeprefix(GIVEN)


def _require(older: Older, *, path: Path, server: str) -> None:
    if not older.images:
        raise _refusal(path, f"{server} runs no Prometheus or Grafana of DC Overview to adopt")
    for name in older.images:
        if name not in older.volumes:
            said = f"{name} on {server} keeps its data in no volume; move them into one first"
            raise _refusal(path, said)


def _of_here(text: str, *, file: Path) -> str:
    """Return their configuration without the paths of keys that are not on this machine."""
    while gone := _missing_key(text, file=file):
        text = graft.drop(Document.parse(text, file=file), gone)
    return text


def _missing_key(text: str, *, file: Path) -> Loc | None:
    document = Document.parse(text, file=file)
    data = Plain(document=document).value()
    for loc in local(data):
        if loc[-1] not in {"key_path", "ssh_key_path"}:
            continue
        value: Any = data
        for step in loc:
            value = value[step]
        if not (file.absolute().parent / expanded(str(value))).is_file():
            return loc
    return None


def _named(text: str, *, older: Older, file: Path) -> str:
    """Return the configuration with the volumes and images that are there; what it says stays."""
    for key, found in (("volumes", older.volumes), ("images", older.images)):
        for name, value in found.items():
            document = Document.parse(text, file=file)
            if document.find((key, name)).loc != (key, name):
                text = graft.put(document, (key, name), value)
    return text


def _secrets(older: Older, *, path: Path) -> dict[str, object]:
    """Return the keys of their .secrets.yaml that ours lacks, and Grafana's password."""
    file = path.absolute().parent / SECRETS_FILE
    own = _data(_text(file), file=file)
    theirs = _data(older.secrets, file=file)
    if older.password and load(path).settings.grafana.admin_password is None:
        theirs.setdefault("grafana_password", older.password)
    known: Callable[[str], bool] = SecretsFile.model_fields.__contains__
    return {key: value for key, value in theirs.items() if key not in own and known(key)}


def _data(text: str, *, file: Path) -> dict[str, object]:
    data = Plain(document=Document.parse(text, file=file)).value() if text else None
    return dict(data) if isinstance(data, dict) else {}


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _refusal(file: Path | None, message: str) -> ConfigError:
    return ConfigError.about(message, file=file)
