"""Sites as different as they come: what is rendered for them is checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from dcov.stack import Survey
from dcov.stack.survey import Container, Mount, Network

BARE = """\
site_name: Bare
master: local
servers: []
"""
EVERYTHING = """\
site_name: 'Halle "Süd": $1 & {more} #2'
master: {name: monitor, server_ip: 192.0.2.10}
ssl: {mode: letsencrypt, domain: dc.example.com, external_port: 8443}
components: {ipmi_monitor: true, vast_exporter: true, runpod_exporter: true}
prometheus:
  port: 9091
  retention_days: 400
  customer_config_dir: /srv/prometheus
  rule_files: [own.yml]
  extra_scrape_configs:
    - job_name: switches
      static_configs: [{targets: ["192.0.2.90:9116"], labels: {rack: "a: 1"}}]
grafana: {port: 3001, customer_dashboard_dir: /srv/boards, prometheus_datasource_uid: own}
ipmi_monitor: {enable_ssh_logs: true}
exporters: {dc-exporter: {enabled: true}}
servers:
  - {name: gpu-01, server_ip: 192.0.2.21, bmc_ip: 192.0.2.121, labels: {rack: "a'1"}}
  - name: gpu-02
    server_ip: 198.51.100.7
    exporter_ports: {node_exporter: 19102, dc-exporter: 19202}
"""
BY_DIGEST = f"""\
site_name: By digest
master: {{name: monitor, server_ip: "2001:db8::10"}}
components: {{vast_exporter: true}}
images:
  prometheus: registry.example:5000/mirror/prometheus@sha256:{"a" * 64}
  vastai-exporter: registry.example:5000/vastai-exporter:1.0
servers: [{{name: gpu-01, server_ip: "2001:db8::21"}}]
"""
OWN_CERTIFICATE = """\
site_name: Own certificate
master: local
ssl: {domain: dc.example.com, cert_path: /etc/ssl/own/chain.pem, key_path: /etc/ssl/own/key.pem}
servers: []
"""
NO_CORE = """\
site_name: No core
master: local
components: {dc_overview: false, ipmi_monitor: true}
servers: [{name: gpu-01, server_ip: 192.0.2.21, bmc_ip: 192.0.2.121}]
"""
NOTHING = """\
site_name: Nothing
master: local
components: {dc_overview: false}
servers: []
"""
THEIRS = {
    "cryptolabs-proxy": Container(
        name="cryptolabs-proxy",
        image="theirs",
        state="running",
        addresses={"cryptolabs": "172.30.0.10"},
        mounts=(Mount(source="/etc/cryptolabs-proxy/services.d", inside="/etc/nginx/services.d"),),
    ),
    "ipmi-monitor": Container(
        name="ipmi-monitor",
        image="theirs",
        state="running",
        addresses={"cryptolabs": "172.30.0.6"},
    ),
}
BRIDGE = Network(
    name="cryptolabs", driver="bridge", scope="local", subnet="172.30.0.0/16", gateway="172.30.0.1"
)


@dataclass(frozen=True)
class Example:
    """A fleet-config.yaml, and how its master was found."""

    config: str
    survey: Survey = field(default_factory=Survey)


SITES = {
    "bare": Example(BARE),
    "everything": Example(EVERYTHING),
    "images by digest": Example(BY_DIGEST),
    "own certificate": Example(OWN_CERTIFICATE),
    "neighbours": Example(EVERYTHING, Survey(containers=THEIRS, networks={"cryptolabs": BRIDGE})),
    "no core": Example(NO_CORE),
    "nothing": Example(NOTHING),
}
WITH_CORE = [name for name in SITES if name not in {"no core", "nothing"}]
