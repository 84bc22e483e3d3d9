"""The lab as a site of dcov: fleet-config.yaml, .secrets.yaml, and the same for OpenSSH."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from .credentials import Credentials, write
from .server import Server

CATALOGUE = {9100: "node_exporter", 9835: "dc-exporter"}
DOMAIN = "monitoring.lab.example"
# Nobody answers there (TEST-NET-1): the stand-in for IPMI Monitor asks no BMC.
BMCS = {"gpu-01": "192.0.2.111", "gpu-02": "192.0.2.112"}


def describe(
    name: str,
    *,
    servers: Sequence[Server],
    state: Path,
    credentials: Credentials,
    mirror: str,
    images: Mapping[str, str],
) -> None:
    """Write the site's files; `servers` are those that run."""
    master = [server for server in servers if server.name == "master"]
    lines = [f"site_name: {name}", "fleet_admin_user: admin"]
    lines += ["master:", *_entry(master[0])] if master else []
    lines += ["ssl:", "  mode: self_signed", f"  domain: {DOMAIN}"]
    lines += ["components:"]
    lines += [f"  {one}: true" for one in ("ipmi_monitor", "vast_exporter", "runpod_exporter")]
    lines += ["images:", *(f"  {name}: {image}" for name, image in images.items())]
    lines += [
        "ssh:",
        "  username: root",
        f"  key_path: {credentials.key}",
        "  port: 22",
        f"mirror: {mirror}",
        "exporters:",
        "  node_exporter:",
        "    version: 1.5.0",
        "servers:",
    ]
    for server in servers:
        if server.name != "master":
            first, *rest = _entry(server)
            lines += [f"  - {first.strip()}", *(f"  {line}" for line in rest)]
    write(state / "fleet-config.yaml", "\n".join(lines) + "\n")
    write(state / ".secrets.yaml", _secrets(servers, credentials=credentials), mode=0o600)
    write(state / "lab.env", _environment(servers, key=credentials.key, mirror=mirror))
    write(
        state / "ssh_config",
        "\n".join(_openssh(server, credentials=credentials) for server in servers),
    )


def lend(state: Path, *, to: Path) -> None:
    """Put what is secret, and the host keys, beside a fleet-config.yaml of somebody's own."""
    for name, mode in ((".secrets.yaml", 0o600), ("known_hosts", 0o644)):
        write(to / name, (state / name).read_text(), mode=mode)


def _environment(servers: Sequence[Server], *, key: Path, mirror: str) -> str:
    """For a shell: what differs from one lab to the next, as examples/lab refers to it."""
    said = {"LAB_KEY": str(key), "LAB_MIRROR": mirror}
    for server in servers:
        said[f"LAB_{server.name.upper().replace('-', '_')}"] = server.address
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in said.items())


def _secrets(servers: Sequence[Server], *, credentials: Credentials) -> str:
    """What opens the site, in one file as the existing product has it."""
    kept = dict(credentials.site)
    markets = {market: kept.pop(f"{market}_api_key") for market in ("vast", "runpod")}
    lines = [f'{name}: "{password}"' for name, password in kept.items()]
    for market, key in markets.items():
        lines += [f"{market}_api_keys:", "  - name: lab", f'    key: "{key}"']
    sudo = [
        f'  {server.name}: "{credentials.passwords[server.name][server.user]}"'
        for server in servers
        if server.user != "root"
    ]
    lines += ["server_sudo_passwords:", *sudo] if sudo else []
    return "\n".join(lines) + "\n"


def _entry(server: Server) -> list[str]:
    """The keys of one server; what is dcov's default is left out."""
    lines = [f"  name: {server.name}", f"  server_ip: {server.address}"]
    if server.user != "root":
        lines.append(f"  ssh_user: {server.user}")
    if server.port != 22:
        lines.append(f"  ssh_port: {server.port}")
    if server.jump:
        lines.append(f"  ssh_jump: {server.jump}")
    if server.name in BMCS:
        lines.append(f"  bmc_ip: {BMCS[server.name]}")
    ports = {inner: outer for outer, inner in server.spec.forwards if inner in CATALOGUE}
    if ports:
        lines.append("  exporter_ports:")
        lines += [f"    {CATALOGUE[inner]}: {outer}" for inner, outer in ports.items()]
    return lines


def _openssh(server: Server, *, credentials: Credentials) -> str:
    """For people: `ssh -F ssh_config gpu-04`."""
    lines = [
        f"Host {server.name}",
        f"  HostName {server.address}",
        f"  HostKeyAlias {server.name}",
        f"  Port {server.port}",
        f"  User {server.user}",
        f"  IdentityFile {credentials.key}",
        "  IdentitiesOnly yes",
        f"  UserKnownHostsFile {credentials.known_hosts}",
        "  GlobalKnownHostsFile /dev/null",
    ]
    # ssh does not hand -F to the jump by itself when it is given ProxyJump in a file; it does read
    # the same file for the jump host when -F was given
    lines += [f"  ProxyJump {server.jump}"] if server.jump else []
    return "\n".join(lines) + "\n"
