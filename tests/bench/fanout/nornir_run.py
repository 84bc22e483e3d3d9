"""Plain nornir and paramiko, as their documentation shows: keys loaded once, host keys checked."""

import json
import sys
from pathlib import Path

import paramiko
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.state import GlobalState
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner

spec = json.loads(Path(sys.argv[1]).read_text())
key = paramiko.PKey.from_path(spec["key"])
known = paramiko.HostKeys(spec["known_hosts_by_address"])


def run(task: Task) -> Result:
    client = paramiko.SSHClient()
    client._host_keys = known
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        task.host.hostname,
        port=spec["port"],
        username="root",
        pkey=key,
        allow_agent=False,
        look_for_keys=False,
        timeout=30,
        banner_timeout=60,
        auth_timeout=60,
    )
    try:
        _, stdout, stderr = client.exec_command(spec["command"], timeout=60)
        text = stdout.read().decode()
        stderr.read()
        code = stdout.channel.recv_exit_status()
    finally:
        client.close()
    return Result(host=task.host, result=text, failed=code != 0)


hosts = {h["name"]: Host(name=h["name"], hostname=h["address"]) for h in spec["hosts"]}
nornir = Nornir(
    inventory=Inventory(hosts=Hosts(hosts), groups=Groups(), defaults=Defaults()),
    runner=ThreadedRunner(num_workers=spec["workers"]),
    data=GlobalState(),
)
results = nornir.run(task=run)
print(json.dumps({"good": sum(r[0].result == spec["expect"] for r in results.values())}))
