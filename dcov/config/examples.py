"""What may stand under the keys that have no default: for people who look one up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "master_ip": "192.0.2.10",
        "master": {"name": "monitor", "server_ip": "192.0.2.10"},
        "fleet_admin_pass": "${env:FLEET_ADMIN_PASS}",
        "ssh.auth_method": "key",
        "ssh.password": "${env:SSH_PASSWORD}",
        "ssh.key_path": "~/.ssh/id_ed25519",
        "ssh.agent": True,
        "ssh.sudo_password": "${env:SUDO_PASSWORD}",
        "bmc.password": "${env:BMC_PASSWORD}",
        "ssl.domain": "monitoring.example.com",
        "ssl.email": "admin@example.com",
        "ssl.cert_path": "/etc/ssl/certs/monitoring.pem",
        "ssl.key_path": "/etc/ssl/private/monitoring.key",
        "ssl.use_existing_proxy": False,
        "components.ipmi_monitor": True,
        "components.vast_exporter": True,
        "components.runpod_exporter": True,
        "grafana.admin_password": "${env:GRAFANA_PASSWORD}",
        "grafana.customer_dashboard_dir": "/etc/dc-overview/my-dashboards",
        "grafana.prometheus_datasource_uid": "prometheus",
        "prometheus.extra_scrape_configs": [
            {"job_name": "switches", "static_configs": [{"targets": ["192.0.2.2:9116"]}]}
        ],
        "prometheus.rule_files": ["/etc/dc-overview/my-rules/*.yml"],
        "prometheus.customer_config_dir": "/etc/dc-overview/my-prometheus",
        "ipmi_monitor.enabled": True,
        "ipmi_monitor.admin_password": "${env:IPMI_MONITOR_PASSWORD}",
        "ipmi_monitor.ai_license_key": "${env:IPMI_AI_LICENSE}",
        "vast.enabled": True,
        "vast.api_key": "${env:VAST_API_KEY}",
        "vast.api_keys": [{"name": "main", "key": "${env:VAST_API_KEY}"}],
        "vast.api_keys.key": "${env:VAST_API_KEY}",
        "runpod.enabled": True,
        "runpod.api_keys": [{"name": "main", "key": "${env:RUNPOD_API_KEY}"}],
        "runpod.api_keys.key": "${env:RUNPOD_API_KEY}",
        "servers": [{"name": "gpu-01", "server_ip": "192.0.2.21"}],
        "servers.name": "gpu-01",
        "servers.server_ip": "192.0.2.21",
        "servers.role": "worker",
        "servers.labels": {"rack": "a1"},
        "servers.ssh_host": "198.51.100.7",
        "servers.ssh_port": 2201,
        "servers.ssh_user": "ops",
        "servers.ssh_key_path": "~/.ssh/id_ed25519",
        "servers.ssh_password": "${env:GPU_01_PASSWORD}",
        "servers.sudo_password": "${env:GPU_01_SUDO}",
        "servers.ssh_jump": "monitor",
        "servers.scrape_address": "10.0.0.21",
        "servers.exporter_ports": {"node_exporter": 19101},
        "servers.has_gpu": True,
        "servers.bmc_ip": "192.0.2.121",
        "servers.bmc_user": "ADMIN",
        "servers.bmc_password": "${env:GPU_01_BMC}",
        "images": {"grafana": "registry.example.com/grafana:11.2.0"},
        "volumes": {"prometheus": "dc-overview_prometheus-data"},
        "mirror": "https://mirror.example.com/releases",
        "exporters": {"node_exporter": {"version": "1.9.1"}},
        "exporters.NAME.version": "1.9.1",
        "exporters.NAME.enabled": False,
        "exporters.NAME.mirror": "https://mirror.example.com/releases",
    }
)
