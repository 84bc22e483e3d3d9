"""`dcov explain`."""

from __future__ import annotations


def test_a_key(dcov) -> None:
    said = dcov("explain", "servers.ssh_port")
    assert (said.code, said.lines) == (
        0,
        [
            "servers.ssh_port: 1 to 65535",
            "  Port of sshd; `ssh.port` where it is missing.",
            "  example: ssh_port: 2201",
        ],
    )


def test_what_dcov_added_is_marked(dcov) -> None:
    assert dcov("explain", "servers.ssh_jump").lines[0] == (
        "servers.ssh_jump: text (dcov's own; DC Overview has no such key)"
    )


def test_the_whole_file_and_a_section(dcov) -> None:
    assert dcov("explain").lines[0] == "fleet-config.yaml: section"
    said = dcov("explain", "ssl")
    assert any(line.startswith("  mode ") for line in said.lines)


def test_what_has_no_effect(dcov) -> None:
    said = dcov("explain", "security")
    assert any("Instead: let SSH, 80 and 443 in" in line for line in said.lines)


def test_for_programs(dcov) -> None:
    assert dcov("explain", "ssh.port", "--json").data["default"] == 22


def test_a_mistyped_key(dcov) -> None:
    said = dcov("explain", "servers.ssh_prot")
    assert (said.code, "did you mean servers.ssh_port" in said.err) == (2, True)
