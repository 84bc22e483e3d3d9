"""A server that is off while Prometheus is configured for the first time."""

from __future__ import annotations

from lab.ground import NAMES, Ground

from dcov import Status
from dcov.tasks import configure_prometheus

CONFIG = "/etc/prometheus/prometheus.yml"


def test_a_dead_server_does_not_stop_the_first_configuration(ground: Ground) -> None:
    """Every other target is up, and the dead one is named."""
    ground.blank("master")
    ground.installed(*NAMES)
    master, dead = ground.with_prometheus(), ground.server("gpu-01")
    quicker = "s/scrape_interval:     15s/scrape_interval: 5s\\n  scrape_timeout: 2s/"
    master.exec(["sed", "-i", quicker, CONFIG])
    master.exec(["systemctl", "restart", "prometheus"])
    dead.pause()
    try:
        outcome = ground.fleet("master").run(
            configure_prometheus, file="/etc/prometheus/prometheus.yml"
        )["master"]
    finally:
        dead.unpause()
    assert outcome.status is Status.CHANGED, outcome.why
    down = [note for note in outcome.notes if " is down" in note]
    assert len(down) == 1
    assert down[0].startswith("gpu-01 (node) is down")
