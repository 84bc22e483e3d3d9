"""The commands about the site: its configuration, its servers, its keys."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from unit.exporters.releases import BINARY, FOLDER, VERSION, sha256, tarball

from .conftest import forget

DCOV = [sys.executable, "-c", "from dcov.cli import main; main()"]


def names(site: Path) -> list[str]:
    return [
        server["name"]
        for server in yaml.safe_load((site / "fleet-config.yaml").read_text())["servers"]
    ]


class TestConfig:
    """`dcov config`."""

    def test_check(self, dcov, site: Path) -> None:
        said = dcov("config", "check")
        assert (said.code, said.out) == (0, "")
        assert (
            f"{site}/fleet-config.yaml: can be used (4 servers, master head, 0 notices)" in said.err
        )

    def test_check_tells_what_has_no_effect(self, dcov, site: Path) -> None:
        with (site / "fleet-config.yaml").open("a") as file:
            file.write("security: {ufw_enabled: true}\n")
        said = dcov("config", "check", "--json")
        assert said.code == 0
        (notice,) = said.data["notices"]
        assert notice["key"].startswith("security")

    def test_check_refuses_a_weak_password(self, dcov, site: Path) -> None:
        with (site / "fleet-config.yaml").open("a") as file:
            file.write("fleet_admin_pass: changeme\n")
        said = dcov("config", "check")
        assert said.code == 2
        assert "fleet_admin_pass: everybody knows this password" in said.err
        assert dcov("config", "show").code == 0

    def test_show_says_which_and_hides_secrets(self, dcov, site: Path) -> None:
        secrets = site / ".secrets.yaml"
        secrets.write_text("fleet_admin_pass: 'open sesame'\n")
        secrets.chmod(0o600)
        said = dcov("config", "show")
        assert yaml.safe_load(said.out)["fleet_admin_pass"] == "***"
        assert "sesame" not in said.out
        assert "(by the current folder)" in said.err

    def test_schema_is_json(self, dcov) -> None:
        assert dcov("config", "schema").data["properties"]["servers"]


class TestServers:
    """`dcov servers add|remove|import|check`."""

    def test_add_and_remove(self, dcov, site: Path) -> None:
        words = ("10.0.0.9", "--ssh-port", "2222", "--label", "rack=r1")
        assert dcov("servers", "add", "gpu-09", *words).code == 0
        (row,) = dcov("servers", "list", "gpu-09", "--json").data["servers"]
        assert (row["address"], row["labels"]) == ("10.0.0.9:2222", {"rack": "r1"})
        assert dcov("servers", "remove", "gpu-09").code == 0
        assert "gpu-09" not in names(site)
        assert dcov("servers", "add", "gpu-08", "10.0.0.8", "--label", "rack").code == 2

    @pytest.mark.parametrize(
        "text", ["name,ip\nnew-1,10.1.0.1\nnew-2,10.1.0.2\n", "new-1,10.1.0.1\nnew-2,10.1.0.2\n"]
    )
    def test_import(self, dcov, site: Path, tmp_path: Path, text: str) -> None:
        file = tmp_path / "list"
        file.write_text(text)
        assert dcov("servers", "import", str(file)).code == 0
        assert names(site)[-2:] == ["new-1", "new-2"]

    def test_import_from_stdin_keeps_passwords_out(self, dcov, site: Path) -> None:
        said = dcov("servers", "import", "-", stdin="global:me,hunter2hunter2\n10.1.0.1\n")
        assert said.code == 0
        assert "belong into .secrets.yaml" in said.err
        assert "hunter2" not in (site / "fleet-config.yaml").read_text()

    @pytest.mark.usefixtures("site")
    def test_a_list_in_another_encoding_is_named_with_its_line(self, dcov, tmp_path: Path) -> None:
        file = tmp_path / "servers.csv"
        file.write_bytes("name,ip\r\nzürich-1,10.1.0.1\r\n".encode("cp1252"))
        said = dcov("servers", "import", str(file))
        assert (said.code, said.err.splitlines()[0]) == (2, f"config: {file}:2:2: is not UTF-8")

    def test_a_list_that_clashes_adds_nothing(self, dcov, site: Path) -> None:
        before = (site / "fleet-config.yaml").read_text()
        said = dcov("servers", "import", "-", stdin="new-1,10.1.0.1\ngpu-01,10.1.0.2\n")
        assert said.code == 2
        assert "gpu-01" in said.err
        assert (site / "fleet-config.yaml").read_text() == before

    def test_check(self, dcov, site: Path) -> None:
        assert site
        said = dcov("servers", "check", "--limit", "gpu-01", "-o", "json")
        assert (said.code, said.data["task"]) == (0, "check-servers")


class TestKeys:
    """`dcov keys`."""

    def test_generate_makes_one_key_and_never_another(self, dcov, site: Path) -> None:
        file = site / "fleet-config.yaml"
        config = yaml.safe_load(file.read_text())
        del config["ssh"]["key_path"]
        file.write_text(yaml.safe_dump(config))
        (row,) = dcov("keys", "generate", "--json").data["keys"]
        key = site / "ssh_keys" / "fleet_key"
        assert row["path"] == str(key)
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        shown = subprocess.run(
            ("ssh-keygen", "-lf", key), check=True, capture_output=True, text=True
        ).stdout
        assert row["fingerprint"] == shown.split()[1]
        before = key.read_bytes()
        again = dcov("keys", "generate")
        assert (again.code, key.read_bytes()) == (2, before)
        assert "never replaced" in again.err

    def test_scan_then_approve(self, dcov, site: Path, sshd) -> None:
        (site / "known_hosts").unlink()
        said = dcov("keys", "scan", "workers", "--json")
        shown = {(row["name"], row["status"], row["fingerprint"]) for row in said.data["keys"]}
        assert shown == {(f"gpu-0{n}", "unknown", sshd.host_key.fingerprint) for n in (1, 2, 3)}
        assert dcov("exec", "--limit", "gpu-01", "--", "true").code == 4
        assert len(dcov("keys", "approve", "-o", "name").lines) == 3
        assert dcov("keys", "approve", "gpu-01").code == 0
        assert dcov("exec", "--limit", "gpu-01", "--", "true").code == 0
        assert dcov("keys", "approve", "--all").code == 0
        said = dcov("keys", "scan", "workers", "-o", "csv")
        assert [line.split(",")[1] for line in said.lines[1:]] == ["known"] * 3

    def test_scan_through_a_jump_host_whose_key_is_known(self, dcov, site: Path) -> None:
        file = site / "fleet-config.yaml"
        config = yaml.safe_load(file.read_text())
        config["servers"][1]["ssh_jump"] = "head"
        file.write_text(yaml.safe_dump(config))
        forget(site, "gpu-")
        said = dcov("keys", "scan", "gpu-01", "-o", "csv")
        assert said.lines[1].startswith("gpu-01,unknown,ssh-ed25519")
        forget(site, "head")
        said = dcov("keys", "scan", "gpu-01", "-o", "csv")
        assert (said.code, "jump host head" in said.out) == (4, True)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh(1) here")
class TestSsh:
    """`dcov ssh`: the real ssh, with the fleet's own way and trust."""

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*DCOV, "ssh", *words],
            check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def test_its_exit_code_is_that_of_the_command(self, site: Path) -> None:
        assert site
        done = self.call("gpu-02", "--", "echo $SSH_CONNECTION; exit 7")
        assert (done.returncode, done.stdout.split()[2]) == (7, "127.0.0.3")

    def test_through_a_jump_host(self, site: Path) -> None:
        file = site / "fleet-config.yaml"
        config = yaml.safe_load(file.read_text())
        config["servers"][1]["ssh_jump"] = "head"
        config["servers"][2]["ssh_jump"] = "gpu-01"
        file.write_text(yaml.safe_dump(config))
        done = self.call("gpu-02", "--", "echo here")
        assert (done.returncode, done.stdout) == (0, "here\n")

    def test_an_unknown_host_key_is_refused(self, site: Path) -> None:
        forget(site, "gpu-02")
        done = self.call("gpu-02", "--", "echo here")
        assert (done.returncode, done.stdout) == (255, "")
        assert "Host key verification failed" in done.stderr


def test_lock_writes_what_the_release_says(dcov, site: Path, tmp_path: Path, monkeypatch) -> None:
    release = tmp_path / "mirror" / FOLDER.strip("/")
    release.mkdir(parents=True)
    sums = ""
    for arch in ("amd64", "arm64"):
        name = f"node_exporter-{VERSION}.linux-{arch}"
        content = tarball((f"{name}/node_exporter", BINARY))
        (release / f"{name}.tar.gz").write_bytes(content)
        sums += f"{sha256(content)}  {name}.tar.gz\n"
    (release / "sha256sums.txt").write_text(sums)
    with (site / "fleet-config.yaml").open("a") as file:
        file.write(f"mirror: file://{tmp_path}/mirror\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    said = dcov("exporters", "lock", "node_exporter", VERSION, "--json")
    assert said.code == 0
    assert {pin["sha256"] for pin in said.data["pins"]} == set(sums.split()[::2])
    rows = {row["name"]: row for row in dcov("exporters", "list", "--json").data["exporters"]}
    assert rows["node_exporter"]["version"] == VERSION


def test_exporters(dcov, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {row["name"]: row for row in dcov("exporters", "list", "--json").data["exporters"]}
    assert rows["node_exporter"]["port"] == 9100
    assert rows["node_exporter"]["locked"] == ["amd64", "arm64"]
