"""A minimal client over ssh2-python (the C library libssh2), host keys compared by blob."""

import base64
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ssh2.session import Session

spec = json.loads(Path(sys.argv[1]).read_text())
blobs = {
    base64.b64decode(line.split()[2])
    for line in Path(spec["known_hosts"]).read_text().splitlines()
    if line
}


def run(host: dict[str, str]) -> str:
    sock = socket.create_connection((host["address"], spec["port"]), timeout=60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    session = Session()
    session.handshake(sock)
    blob, _ = session.hostkey()
    if blob not in blobs:
        raise SystemExit("unknown host key")
    session.userauth_publickey_fromfile("root", spec["key"])
    channel = session.open_session()
    channel.execute(spec["command"])
    text = b""
    while True:
        size, data = channel.read()
        if size <= 0:
            break
        text += data
    channel.wait_eof()
    channel.close()
    channel.wait_closed()
    session.disconnect()
    sock.close()
    return text.decode()


with ThreadPoolExecutor(spec["workers"]) as pool:
    texts = list(pool.map(run, spec["hosts"]))
print(json.dumps({"good": sum(text == spec["expect"] for text in texts)}))
