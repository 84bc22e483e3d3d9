"""What dcov refuses of a job, Debian's own promtool refuses as well; what is good passes both."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from native_prometheus import program

from dcov.config.load import load
from dcov.errors import ConfigError

HEAD = "prometheus:\n  extra_scrape_configs:\n    - job_name: mine\n"
BROKEN = {
    "scrape_intervall: 30s": (
        "4:7: scrape_intervall: Prometheus knows no such key; did you mean scrape_interval?"
    ),
    "watchdog: 5": (
        "4:7: watchdog: Prometheus knows no such key; a newer one belongs into prometheus.yml on "
        "the master"
    ),
    "scrape_interval: every now and then": (
        "4:24: scrape_interval: must be a duration such as 30s or 1m30s"
    ),
    "scrape_interval: 15": "4:24: scrape_interval: must be a duration such as 30s or 1m30s",
    "scrape_interval: 30s1m": "4:24: scrape_interval: must be a duration such as 30s or 1m30s",
    "{scrape_interval: 10s, scrape_timeout: 500ms1s}": (
        "4:50: scrape_timeout: must be a duration such as 30s or 1m30s"
    ),
    "{scrape_interval: 10s, scrape_timeout: 1m}": (
        "4:50: scrape_timeout: must not be longer than scrape_interval"
    ),
    "scheme: [https]": "4:15: scheme: must be http or https",
    "honor_labels: 'no'": "4:21: honor_labels: must be true or false, not text",
    "sample_limit: many": "4:21: sample_limit: must be a whole number, 0 or more",
    "sample_limit: -1": "4:21: sample_limit: must be a whole number, 0 or more",
    "metrics_path: {a: b}": "4:21: metrics_path: must be text, not a mapping",
    "params: {module: if_mib}": "4:24: params.module: must be a list (`- item`), not text",
    "static_configs: 192.0.2.1:9100": "4:23: static_configs: must be a list (`- item`), not text",
    "static_configs: [192.0.2.1:9100]": (
        "4:24: static_configs[0]: must be a mapping (`key: value`), not text"
    ),
    "static_configs: [{targets: 192.0.2.1:9100}]": (
        "4:34: static_configs[0].targets: must be a list (`- item`), not text"
    ),
    "static_configs: [{targets: [{a: b}]}]": (
        "4:35: static_configs[0].targets[0]: must be text, not a mapping"
    ),
    "static_configs: [{target: [192.0.2.1:9100]}]": (
        "4:25: static_configs[0].target: Prometheus knows no such key; did you mean targets?"
    ),
    "static_configs: [{targets: ['http://192.0.2.1/metrics']}]": (
        "4:35: static_configs[0].targets[0]: must be host:port alone; write `scheme` and "
        "`metrics_path` apart"
    ),
    "static_configs: [{labels: [a]}]": (
        "4:33: static_configs[0].labels: must be a mapping (`key: value`), not a list"
    ),
    "file_sd_configs: {files: [a.json]}": (
        "4:24: file_sd_configs: must be a list (`- item`), not a mapping"
    ),
    "relabel_configs: [{source_labels: __address__, target_label: a}]": (
        "4:41: relabel_configs[0].source_labels: must be a list (`- item`), not text"
    ),
    "relabel_configs: [{action: rename, target_label: a}]": (
        "4:34: relabel_configs[0].action: must be one of drop, dropequal, hashmod, keep, "
        "keepequal, labeldrop, labelkeep, labelmap, lowercase, replace, uppercase"
    ),
    "metric_relabel_configs: [{source_labels: [a]}]": (
        "4:32: metric_relabel_configs[0]: target_label is missing: replace needs one"
    ),
    "relabel_configs: [{action: hashmod, target_label: a}]": (
        "4:25: relabel_configs[0]: modulus is missing: hashmod needs one"
    ),
    "basic_auth: {user: me}": (
        "4:20: basic_auth.user: Prometheus knows no such key; did you mean username?"
    ),
    "tls_config: {insecure_skip_verify: 1}": (
        "4:42: tls_config.insecure_skip_verify: must be true or false, not a number"
    ),
    "{basic_auth: {username: me}, bearer_token_file: /etc/x}": (
        "4:40: bearer_token_file: a job logs in one way, and basic_auth is there already"
    ),
}
GOOD = (
    "static_configs: [{targets: ['192.0.2.1:9116', 'switch.example:161'], labels: {rack: 5}}]",
    "{scrape_interval: 1m30s, scrape_timeout: 500ms, metrics_path: /snmp, scheme: https}",
    "{scrape_interval: 0, honor_labels: true, honor_timestamps: off, sample_limit: 5000}",
    "params: {module: [if_mib], target: [192.0.2.1]}",
    "{file_sd_configs: [{files: [a/*.json]}], dns_sd_configs: [{names: [a.example], port: 9}]}",
    """{static_configs: [{targets: ['http://192.0.2.1/metrics']}], relabel_configs: [
          {source_labels: [__address__], target_label: __param_target},
          {target_label: __address__, replacement: '127.0.0.1:9115'}]}""",
    "metric_relabel_configs: [{source_labels: [__name__], regex: go_.*, action: drop}]",
    "relabel_configs: [{source_labels: [a], modulus: 4, target_label: b, action: HashMod}]",
    "{body_size_limit: 10MB, label_limit: 30, follow_redirects: false, proxy_url: 'http://p'}",
    "oauth2: {client_id: me, client_secret_file: s, token_url: 'https://a', scopes: [read]}",
)


def config_with(job: str) -> str:
    """The configuration in which this is a part of the third line's job."""
    return HEAD + f"      {job}\n".replace("      {", "      <<: {", 1)


def promtool(job: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What promtool says of a prometheus.yml with this job."""
    file = folder / "prometheus.yml"
    file.write_text(config_with(job).partition("\n")[2].replace("extra_scrape", "scrape", 1))
    argv = (program("promtool"), "check", "config", "--syntax-only", str(file))
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("job", BROKEN)
def test_what_prometheus_would_refuse_is_named_at_its_place(
    job: str, write, tmp_path: Path
) -> None:
    """Before there is any server that it could do harm to."""
    file = write(config_with(job))
    with pytest.raises(ConfigError) as caught:
        load(file)
    (said,) = (str(problem).removeprefix(f"{file}:") for problem in caught.value.problems)
    assert said.replace("prometheus.extra_scrape_configs[0].", "") == BROKEN[job]
    assert promtool(job, tmp_path).returncode, "Prometheus takes it"


@pytest.mark.parametrize("job", GOOD)
def test_what_prometheus_takes_is_kept(job: str, write, tmp_path: Path) -> None:
    load(write(config_with(job)))
    done = promtool(job, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
