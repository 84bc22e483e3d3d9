"""A master as an older DC Overview leaves it: what `dcov adopt` takes over.

The compose project, its containers, volumes, network and files have the names that the existing
product gives them; the images are the lab's, so Grafana is the STAND-IN. The operator has added a
job, a rule and a dashboard of their own.
"""

import json

import yaml

from .registry import Registry
from .server import Server

PASSWORD = "of-the-older-product"
DASHBOARD = {"uid": "made-by-hand", "title": "Made by hand", "panels": []}
PROMETHEUS_YML = """\
global:
  scrape_interval: 1s
  evaluation_interval: 1s

rule_files:
  - recording_rules.yml

scrape_configs:
  - job_name: 'prometheus'
    metrics_path: /prometheus/metrics
    static_configs:
      - targets: ['prometheus:9090']

  # The operator's own.
  - job_name: switches
    metrics_path: /prometheus/metrics
    static_configs:
      - targets: ['localhost:9090']
        labels: {rack: a1}

  - job_name: 'master'
    static_configs:
      - targets: ['host.docker.internal:9100']
        labels:
          instance: 'master'
      - targets: ['host.docker.internal:9835']
        labels:
          instance: 'master'

  - job_name: '%(worker)s'
    static_configs:
      - targets: ['%(address)s:9100', '%(address)s:9835']
        labels:
          instance: '%(worker)s'
"""
RULES_YML = """\
groups:
  - name: gpu_unified_metrics
    rules:
      - record: gpu:core_temp:celsius
        expr: DCGM_FI_DEV_GPU_TEMP
  - name: mine
    rules:
      - record: mine:jobs:count
        expr: count(count by (job) (up))
"""
SOURCES_YML = """\
apiVersion: 1
datasources:
  - name: Prometheus
    type: prometheus
    uid: prometheus
    access: proxy
    url: http://prometheus:9090/prometheus/
    isDefault: true
"""
COMPOSE = """\
version: '3.8'
services:
  prometheus:
    image: %(prometheus)s
    container_name: prometheus
    restart: unless-stopped
    command:
      - --config.file=/etc/prometheus/prometheus.yml
      - --storage.tsdb.path=/prometheus
      - --storage.tsdb.retention.time=30d
      - --web.enable-lifecycle
      - --web.external-url=/prometheus/
      - --web.route-prefix=/prometheus/
    volumes:
      - ./prometheus.yml:/etc/prometheus/prometheus.yml:ro
      - ./recording_rules.yml:/etc/prometheus/recording_rules.yml:ro
      - prometheus-data:/prometheus
    ports: ['127.0.0.1:9090:9090']
    extra_hosts: ['host.docker.internal:host-gateway']
    networks: [cryptolabs]
  grafana:
    image: %(grafana)s
    container_name: grafana
    restart: unless-stopped
    environment:
      GF_SECURITY_ADMIN_PASSWORD: %(password)s
      GF_USERS_ALLOW_SIGN_UP: 'false'
      GF_SERVER_ROOT_URL: https://older.lab.example/grafana/
      GF_SERVER_SERVE_FROM_SUB_PATH: 'true'
    volumes:
      - grafana-data:/var/lib/grafana
      - ./grafana/provisioning:/etc/grafana/provisioning:ro
    ports: ['127.0.0.1:3000:3000']
    networks: [cryptolabs]
networks:
  cryptolabs: {external: true}
volumes:
  prometheus-data:
  grafana-data:
"""
START = """
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq install -y --no-install-recommends docker.io docker-compose curl
docker network create --subnet 172.30.0.0/16 --gateway 172.30.0.1 cryptolabs > /dev/null
cd /etc/dc-overview
docker-compose up -d
until curl -fsS http://127.0.0.1:9090/prometheus/-/ready > /dev/null 2>&1; do sleep 0.2; done
until curl -fsS http://127.0.0.1:3000/api/health > /dev/null 2>&1; do sleep 0.2; done
curl -fsS -u "admin:$1" -H 'Content-Type: application/json' -d "$2" \
    http://127.0.0.1:3000/grafana/api/dashboards/db > /dev/null
"""


def deploy(master: Server, *, registry: Registry, worker: dict[str, str]) -> None:
    """Have it run on a blank master, with a dashboard of the operator's and this one worker."""
    images = {name: registry.images[name] for name in ("prometheus", "grafana")}
    named = {"worker": worker["name"], "address": worker["server_ip"]}
    config = {
        "site_name": "Older",
        "ssh": {"username": "root", "key_path": "/etc/dc-overview/fleet_key"},
        "prometheus": {"retention_days": 20},
        "servers": [worker],
    }
    folder = "/etc/dc-overview"
    master.exec(["mkdir", "-p", f"{folder}/grafana/provisioning/datasources"])
    files = {
        "docker-compose.yml": COMPOSE % {**images, "password": PASSWORD},
        "prometheus.yml": PROMETHEUS_YML % named,
        "recording_rules.yml": RULES_YML,
        "grafana/provisioning/datasources/prometheus.yml": SOURCES_YML,
        "fleet-config.yaml": "# The older product's.\n" + yaml.safe_dump(config, sort_keys=False),
        ".secrets.yaml": "bmc_password: of-all-bmcs\n",
    }
    for name, text in files.items():
        master.exec(["tee", f"{folder}/{name}"], input=text)
    master.exec(["chmod", "600", f"{folder}/fleet-config.yaml", f"{folder}/.secrets.yaml"])
    board = json.dumps({"dashboard": DASHBOARD, "overwrite": True})
    master.exec(("timeout", "300", "sh", "-c", START, "sh", PASSWORD, board))
