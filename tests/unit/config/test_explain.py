"""Each key can be looked up, and what is shown as an example can be written."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
import yaml

from dcov.config.examples import EXAMPLES
from dcov.config.explain import explain, keys
from dcov.config.known import KNOWN
from dcov.config.load import load
from dcov.errors import ConfigError, UnknownNameError

KEYS = list(keys())
LISTED = {".".join(known.path) for known in KNOWN}
TOGETHER = ("ssl.cert_path", "ssl.key_path")  # one without the other is refused


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_words_and_an_example(key: str) -> None:
    found = explain(key)
    assert found.meaning
    assert found.kind
    assert bool(found.no_effect) == (key in LISTED)
    assert found.inner or found.no_effect or found.example is not None


def test_all_keys_are_there() -> None:
    assert {"servers.ssh_port", "exporters.NAME.version", "vast.api_keys.key", *LISTED} - {
        "master.exporters_installed", "master.ipmi_configured",
    } <= set(KEYS)  # fmt: skip
    assert {key for key in EXAMPLES if key not in KEYS} == set()


@pytest.mark.parametrize("key", EXAMPLES)
def test_an_example_is_valid(key: str, write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(write("", name="x").parent))
    (write("", name="x").parent / ".ssh").mkdir()
    write("key", name=".ssh/id_ed25519")
    for name in ("FLEET_ADMIN_PASS", "SSH_PASSWORD", "SUDO_PASSWORD", "BMC_PASSWORD",
                 "GRAFANA_PASSWORD", "IPMI_MONITOR_PASSWORD", "IPMI_AI_LICENSE", "VAST_API_KEY",
                 "RUNPOD_API_KEY", "GPU_01_PASSWORD", "GPU_01_SUDO", "GPU_01_BMC"):  # fmt: skip
        monkeypatch.setenv(name, "a-secret")
    steps = key.replace("NAME", "node_exporter").split(".")
    site: dict[str, Any] = reduce(lambda inner, step: {step: inner}, reversed(steps), EXAMPLES[key])
    if steps[0] == "servers" and len(steps) > 1:
        site = {
            "master": {"name": "monitor", "server_ip": "192.0.2.10"},
            "servers": [{"server_ip": "192.0.2.21", **site["servers"]}],
        }
    if key in TOGETHER:
        site["ssl"] = {name.removeprefix("ssl."): EXAMPLES[name] for name in TOGETHER}
    if steps[-2:] == ["api_keys", "key"]:
        site[steps[0]]["api_keys"] = [site[steps[0]]["api_keys"]]
    load(write(yaml.safe_dump(site)))


def test_what_the_models_say() -> None:
    port = explain("servers.ssh_port")
    assert (port.kind, port.default, port.example, port.added) == ("1 to 65535", None, 2201, False)
    assert explain("servers[3].ssh_port") == port
    assert explain("servers.server_ip").required
    assert explain("servers.ssh_jump").added
    assert explain("ssh.port").default == 22
    assert explain("exporters.node_exporter.version").key == "exporters.NAME.version"
    assert explain("master.ssh_port").example == 2201
    assert [name for name, _ in explain("ssl").inner][:2] == ["mode", "domain"]
    assert "servers" in dict(explain("").inner)
    assert "security" not in dict(explain("").inner)


def test_a_key_of_the_secrets_file() -> None:
    found = explain("server_bmc_passwords")
    assert (found.file, found.kind) == (".secrets.yaml", "name: secret")


def test_a_listed_key_says_what_to_do() -> None:
    found = explain("watchdog.ping_interval")
    assert found.key == "watchdog"
    assert "watchdog" in found.no_effect
    assert found.instead


@pytest.mark.parametrize(
    ("key", "near"),
    [("servers.ssh_prot", "servers.ssh_port"), ("sevrers", "servers"), ("ssh.port.x", "")],
)
def test_an_unknown_key_is_answered_with_the_nearest(key: str, near: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        explain(key)
    assert isinstance(caught.value, ConfigError)
    assert near in str(caught.value)
