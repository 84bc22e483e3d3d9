"""The lab is what its README says, where other tests would not notice."""

from __future__ import annotations

import json

from lab.ground import Ground

from fleetlab import Lab

CA = "/etc/docker/certs.d/registry.lab.example:5000/ca.crt"
REGISTRY = "https://registry.lab.example:5000/v2"
INSTALLED_LATER = ("docker", "dockerd", "docker-compose", "iptables", "prometheus", "certbot")


def test_a_blank_master_has_sshd_and_nothing_of_the_stack(ground: Ground) -> None:
    """What quickstart is to install is there as packages, not installed."""
    ground.blank("master")
    master = ground.server("master")
    for program in INSTALLED_LATER:
        assert master.exec(["which", program], check=False).returncode == 1, program
    # 127.0.0.11 is the name server that the engine of this machine puts into each container
    listening = master.exec(["ss", "-Hltn", "not src 127.0.0.11"]).stdout.splitlines()
    assert {line.split()[3].rpartition(":")[2] for line in listening} == {"22"}
    packages = master.exec(["ls", "/var/cache/apt/archives"]).stdout
    assert "docker.io_" in packages


def test_the_registry_has_the_labs_images_and_asks_nobody_for_others(
    ground: Ground, lab: Lab
) -> None:
    """By https, from an authority that the master's engine trusts for it alone."""
    master = ground.server("master")

    def ask(path: str, *options: str) -> str:
        argv = ["curl", "-sS", "--max-time", "10", *options, f"{REGISTRY}/{path}"]
        answer: str = master.exec(argv, check=False).stdout
        return answer

    assert ask("_catalog") == ""
    held = json.loads(ask("_catalog", "--cacert", CA))["repositories"]
    wanted = {image.partition("/")[2].partition(":")[0] for image in lab.registry.images.values()}
    assert wanted <= set(held)
    unknown = json.loads(ask("library/busybox/manifests/latest", "--cacert", CA))
    assert unknown["errors"][0]["code"] == "MANIFEST_UNKNOWN"
