"""What we read out of an ssh_config, beside what `ssh -G` reads out of it."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

import pytest

from dcov.errors import ConfigError
from dcov.ssh.ssh_config import SshConfig

ALIASES = ("gpu-01", "gpu-02", "jump", "db.example.org")

# {d} is a folder with the files of INCLUDED in it.
INCLUDED = {
    "port": "Port 2200\n",
    "hosts": "Host gpu-01\n  Port 2201\nHost *\n  User included\n",
    "nested": "Include {d}/hosts\nConnectTimeout 7\n",
    "many/1": "Host gpu-*\n  HostName many.example.org\n",
    "many/2": "Host *\n  HostName other.example.org\n",
}
CONFIGS = {
    "nothing": "",
    "a block": "Host gpu-01\n  HostName 10.0.0.1\n  Port 2222\n  User admin\n",
    "the first value counts": "Host gpu-*\n  Port 1\nHost gpu-01\n  Port 2\n",
    "a negation": "Host gpu-* !gpu-02\n  Port 2222\n",
    "equals and quotes": 'Host="gpu-01"\nPort = 2222\n User="ad min"\n',
    "a comment after a value": "Host gpu-01 # the first\n  Port 2222 # odd\n  User a#b\n",
    "keywords in capitals": "HOST gpu-01\n  PORT 2222\n",
    "a token in HostName": "Host gpu-*\n  HostName %h.example.org\n",
    "two identity files": "IdentityFile ~/a\nHost gpu-01\n  IdentityFile /b\n",
    "identities and agent": "Host gpu-01\n  IdentitiesOnly yes\n  IdentityAgent /run/agent\n",
    "hops": "Host gpu-*\n  ProxyJump a@jump:2222,b\nHost gpu-01\n  ProxyJump never\n",
    "no hops": "Host gpu-01\n  ProxyJump none\nHost gpu-*\n  ProxyJump jump\n",
    "a command": "Host gpu-01\n  ProxyCommand nc -X 5 %h %p # kept\n",
    "a time": "Host gpu-01\n  ConnectTimeout 1m30\n",
    "known hosts": "HostKeyAlias fleet\nUserKnownHostsFile ~/.ssh/a /b/c\n",
    "match host": "Host gpu-01\n HostName x.example.org\nMatch host *.example.org\n  Port 2222\n",
    "match original": "Match originalhost gpu-01,jump\n  Port 2222\n",
    "match user": "User admin\nMatch user admin\n  Port 2222\n",
    "match not user": "User admin\nMatch !user admin\n  Port 2222\n",
    "match localuser": f"Match localuser {getpass.getuser()}\n  Port 2222\n",
    "match two": "Match originalhost gpu-* user root\n  Port 2222\n",
    "match all": "Host jump\n  Port 1\nMatch all\n  Port 2222\n",
    "match final": "Match final\n  Port 2222\n",
    "an include": "Include {d}/port\n",
    "an include of nothing": "Include {d}/none*\nPort 2222\n",
    "an include that keeps its scope": "Host gpu-01\n  Include {d}/port\n",
    "the block goes on after it": "Host gpu-01\n  Include {d}/hosts\n  ConnectTimeout 9\n",
    "the file goes on after it": "Include {d}/hosts\nConnectTimeout 9\n",
    "blocks within a block": "Host gpu-02\n  Include {d}/hosts\nHost *\n  User outer\n",
    "an include within an include": "Host gpu-*\n  Include {d}/nested\n",
    "an include under match": "Match originalhost jump\n  Include {d}/nested\n",
    "a pattern": "Include {d}/many/*\n",
    "an include of a folder": "Include {d}/many {d}/port\nPort 1\n",
    "two at once": 'Include "{d}/port" {d}/hosts\n',
}


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, text in INCLUDED.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.format(d=tmp_path))
    return tmp_path


def asked_of_ssh(path: Path, alias: str) -> dict[str, list[str]]:
    printed = subprocess.run(
        ("ssh", "-G", "-F", path, alias), check=True, capture_output=True, text=True
    ).stdout
    answer: dict[str, list[str]] = {}
    for line in printed.splitlines():
        keyword, _, value = line.partition(" ")
        answer.setdefault(keyword, []).append(value)
    return answer


@pytest.mark.parametrize("text", CONFIGS.values(), ids=CONFIGS.keys())
def test_ssh_reads_the_same(folder: Path, text: str) -> None:
    path = folder / "config"
    path.write_text(text.format(d=folder))
    config = SshConfig.load(path)
    assert not config.skipped
    for alias in ALIASES:
        ours, theirs = config.lookup(alias), asked_of_ssh(path, alias)
        assert ours.hostname == theirs["hostname"][0]
        assert (ours.port or 22) == int(theirs["port"][0])
        assert (ours.user or getpass.getuser()) == theirs["user"][0]
        assert ours.identities_only == (theirs["identitiesonly"] == ["yes"])
        assert [ours.identity_agent] == theirs.get("identityagent", [None])
        assert [ours.host_key_alias] == theirs.get("hostkeyalias", [None])
        assert ",".join(ours.proxy_jump) == theirs.get("proxyjump", [""])[0]
        assert theirs["connecttimeout"] == [
            "none" if ours.connect_timeout is None else f"{ours.connect_timeout:g}"
        ]
        if ours.identity_files:  # ssh lists the files that it tries by default
            expanded = [Path(file).expanduser() for file in theirs["identityfile"]]
            assert list(ours.identity_files) == expanded
        if ours.user_known_hosts_files:
            assert (
                " ".join(map(str, ours.user_known_hosts_files)) == theirs["userknownhostsfile"][0]
            )
        assert [ours.proxy_command] == theirs.get("proxycommand", [None])


def test_a_relative_include_lies_in_the_ssh_folder(folder: Path) -> None:
    path = folder / "elsewhere"
    path.write_text("Include port\n")
    assert SshConfig.load(path, folder=folder).lookup("gpu-01").port == 2200


def test_nothing_is_executed_and_the_block_is_listed(folder: Path) -> None:
    trace = folder / "trace"
    path = folder / "config"
    path.write_text(f'Match host gpu-01 exec "touch {trace}"\n  Port 1\nHost *\n  Port 2\n')
    config = SshConfig.load(path)
    assert config.lookup("gpu-01").port == 2
    assert config.skipped == (f"{path}:1: Match exec",)
    assert not trace.exists()


def test_a_file_that_is_not_there_says_nothing(folder: Path) -> None:
    options = SshConfig.load(folder / "absent").lookup("gpu-01")
    assert (options.hostname, options.port, options.user) == ("gpu-01", None, None)


def test_files_that_include_each_other_are_an_error(folder: Path) -> None:
    path = folder / "config"
    path.write_text(f"Include {path}\n")
    with pytest.raises(ConfigError, match="16 deep"):
        SshConfig.load(path)


@pytest.mark.parametrize("text", ["Port none\n", "ConnectTimeout soon\n", 'Host "gpu\n'])
def test_a_value_that_cannot_be_read_is_an_error(folder: Path, text: str) -> None:
    path = folder / "config"
    path.write_text(text)
    with pytest.raises(ConfigError, match="ssh_config"):
        SshConfig.load(path).lookup("gpu-01")


def test_a_file_that_cannot_be_read_is_an_error(folder: Path) -> None:
    path = folder / "config"
    path.symlink_to(path)
    with pytest.raises(ConfigError, match="config: ssh_config: cannot be read: Too many levels"):
        SshConfig.load(path)
