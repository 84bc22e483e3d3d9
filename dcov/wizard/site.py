"""A site, asked for: fleet-config.yaml, and the passwords in .secrets.yaml."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from dcov.config.generated import password, write_secrets
from dcov.config.load import load_source
from dcov.config.passwords import SHORTEST, checked_for_deploy
from dcov.config.replace import ONLY_MINE, create
from dcov.config.search import FILE_NAME
from dcov.config.secrets_file import FILE_NAME as SECRETS
from dcov.config.server import ServerSettings
from dcov.config.settings import ApiKey, BmcSettings, Settings, SshSettings, SslSettings
from dcov.config.source import Source
from dcov.config.splice import dump
from dcov.errors import ConfigError
from dcov.secret import Secret
from dcov.wizard.question import agree, ask, ask_secret, choose, say
from dcov.wizard.servers import ask_servers

HEAD = "# Made by `dcov quickstart`. `dcov explain KEY` says what else may stand here.\n"
KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_rsa")


@dataclass(slots=True, kw_only=True)
class Answers:
    """What has been said so far: the two files as plain data."""

    folder: Path
    site: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The configuration as it will be written."""
        return "\n".join((HEAD, *(dump({key: value}) for key, value in self.site.items())))


def ask_site(folder: Path) -> Path:
    """Ask on the terminal what a site needs, write its two files, and return the configuration.

    Each answer is checked by the model's own field. Nothing is written before all has been shown
    and agreed to; who breaks off, or closes the terminal, leaves nothing behind. Raises ConfigError
    where one of the files is there already.
    """
    file, secrets = folder / FILE_NAME, folder / SECRETS
    for one in (file, secrets):
        if one.exists():
            raise ConfigError.about("is there already; nothing is asked for what exists", file=one)
    answers = Answers(folder=folder.absolute())
    say(f"A few questions make {file}; Enter takes what stands in brackets.")
    _master(answers)
    _ssh(answers)
    _servers(answers)
    _components(answers)
    _tls(answers)
    _admin(answers)
    _checked(answers, file=file)
    say(f"\n{file}:\n\n{answers.text}")
    say(f"{secrets} (only you can read it): {', '.join(answers.secrets)}")
    if not agree("Write these two files?", default=True):
        raise typer.Abort
    folder.mkdir(parents=True, exist_ok=True)
    write_secrets(secrets, values=answers.secrets)
    create(file, text=answers.text)
    return file


def _master(answers: Answers) -> None:
    site = answers.site
    site["site_name"] = ask(
        "Name of the site", model=Settings, field="site_name", default="My site"
    )
    if agree("Is this machine the master, with Prometheus and Grafana?", default=False):
        site["master"] = "local"
        words = "Its address, as the servers and your browser reach it"
        site["master_ip"] = ask(words, model=Settings, field="master_ip")
        return
    name = ask("Name of the master", model=ServerSettings, field="name", default="master")
    address = ask("Its address", model=ServerSettings, field="server_ip")
    site["master"] = {"name": name, "server_ip": address}


def _ssh(answers: Answers) -> None:
    ssh: dict[str, Any] = {
        "username": ask("SSH user", model=SshSettings, field="username", default="root"),
        "port": ask("SSH port", model=SshSettings, field="port", default="22"),
    }
    mine = next((key for key in KEYS if os.path.exists(os.path.expanduser(key))), "")  # noqa: PTH110, PTH111
    key = ask(
        "Private key to log in with (- for none: the SSH agent, or a password)",
        model=SshSettings,
        field="key_path",
        default=mine or "-",
        none="-",
        folder=answers.folder,
    )
    if key is not None:
        ssh["key_path"] = key
    secret = ask_secret("SSH password (empty: none; a key or the agent lets in)")
    if secret:
        answers.secrets["ssh_password"] = secret
    if ssh["username"] != "root":
        sudo = ask_secret("Password for sudo (empty: it asks for none)")
        if sudo:
            answers.secrets["ssh_sudo_password"] = sudo
    answers.site["ssh"] = ssh


def _servers(answers: Answers) -> None:
    found = ask_servers(answers.site)
    items = list(found.items)
    if items and agree("Has each of them an NVIDIA GPU?", default=True):
        items = [{**server, "has_gpu": True} for server in items]
    elif items:
        say("  write `has_gpu: true` to those that have one: only those GPUs are scraped")
    answers.site["servers"] = items
    answers.secrets.update({table: dict(names) for table, names in found.passwords.items()})


def _components(answers: Answers) -> None:
    has_bmc = any("bmc_ip" in server for server in answers.site["servers"])
    ipmi = agree("IPMI Monitor, for the health of the BMCs?", default=has_bmc)
    if ipmi:
        user = ask("User of the BMCs", model=BmcSettings, field="username", default="ADMIN")
        answers.site["bmc"] = {"username": user}
        secret = ask_secret("Password of the BMCs (empty: each has its own)")
        if secret:
            answers.secrets["bmc_password"] = secret
    components = {"ipmi_monitor": ipmi}
    for name, marketplace in (("vast", "Vast.ai"), ("runpod", "RunPod")):
        wanted = agree(f"Revenue from {marketplace}?", default=False)
        components[f"{name}_exporter"] = wanted
        if wanted:
            answers.secrets[f"{name}_api_keys"] = _accounts(marketplace)
    answers.site["components"] = components


def _accounts(marketplace: str) -> list[dict[str, str]]:
    accounts: list[dict[str, str]] = []
    while True:
        secret = ask_secret(f"API key for {marketplace} (empty: that is all)")
        if secret:
            name = ask("Name of this account", model=ApiKey, field="name", default="default")
            accounts.append({"name": name, "key": secret})
        elif accounts:
            return accounts


def _tls(answers: Answers) -> None:
    way = choose("Certificate", among=("self_signed", "letsencrypt", "own"), default="self_signed")
    ssl: dict[str, Any] = {"mode": "self_signed" if way == "own" else way}
    words = "DNS name of the master" + ("" if way == "letsencrypt" else " (empty: none)")
    domain = ask(words, model=SslSettings, field="domain", needed=way == "letsencrypt")
    if domain:
        ssl["domain"] = domain
    if way == "letsencrypt":
        ssl["email"] = ask(
            "Address for Let's Encrypt", model=SslSettings, field="email", default=f"admin@{domain}"
        )
    if way == "own":
        ssl["cert_path"] = ask("Certificate's path", model=SslSettings, field="cert_path")
        ssl["key_path"] = ask("Its key's path", model=SslSettings, field="key_path")
    answers.site["ssl"] = ssl


def _admin(answers: Answers) -> None:
    user = ask("First user of the pages", model=Settings, field="fleet_admin_user", default="admin")
    answers.site["fleet_admin_user"] = user
    words = f"That user's password, {SHORTEST} characters or more (empty: one is made up)"
    secret = ask_secret(words, check=_weak)
    answers.secrets["fleet_admin_pass"] = secret or password()
    if not secret:
        say(f"  made up; it will stand in {SECRETS}")


def _weak(text: str) -> str:
    problems = checked_for_deploy(Settings(fleet_admin_pass=Secret(text)))
    return problems[0].message if problems else ""


def _checked(answers: Answers, *, file: Path) -> None:
    """Read the whole as a deploy will; raises ConfigError."""
    path = answers.folder / file.name
    load_source(Source(file=path, text=answers.text, owner=os.geteuid(), mode=ONLY_MINE))
