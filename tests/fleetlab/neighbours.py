"""What may run on a master before dcov comes: IPMI Monitor and the proxy of its family.

Both are STAND-INS with the names, network, ports and folders that the existing product gives them:
`ipmi-monitor` is the lab's program, `cryptolabs-proxy` is nginx with a configuration of its own,
without any login. They are started by hand, as somebody else's, with no label of dcov's.
"""

from . import image
from .registry import HOST, PORT, Registry
from .server import Server

PROXY = "cryptolabs-proxy:stand-in"
NGINX = """\
events {}
http {
    server {
        listen 80;
        listen 443 ssl;
        ssl_certificate /etc/nginx/ssl/server.crt;
        ssl_certificate_key /etc/nginx/ssl/server.key;
        resolver 127.0.0.11 valid=10s;
        location = / { return 200 "the proxy of the family\\n"; }
        location = /api/health { return 200 "ok\\n"; }
        location /ipmi/ {
            set $upstream ipmi-monitor;
            rewrite ^/ipmi(/.*)$ $1 break;
            proxy_pass http://$upstream:5000;
        }
    }
}
"""
START = """
set -eu
install -d /etc/cryptolabs-proxy/ssl /etc/ipmi-monitor/ssh_keys
cat > /etc/cryptolabs-proxy/nginx.conf
export DEBIAN_FRONTEND=noninteractive
command -v docker > /dev/null || apt-get -qq install -y --no-install-recommends docker.io
docker network inspect cryptolabs > /dev/null 2>&1 ||
    docker network create --subnet 172.30.0.0/16 --gateway 172.30.0.1 cryptolabs
[ -e /etc/cryptolabs-proxy/ssl/server.crt ] || openssl req -x509 -newkey rsa:2048 -nodes -days 365 \
    -subj /CN=theirs.lab.example -keyout /etc/cryptolabs-proxy/ssl/server.key \
    -out /etc/cryptolabs-proxy/ssl/server.crt 2> /dev/null
[ -e /etc/ipmi-monitor/servers.yaml ] || cat > /etc/ipmi-monitor/servers.yaml << 'END'
- {name: theirs, bmc_ip: 192.0.2.200, ipmi_user: ADMIN, ipmi_pass: of-somebody-else}
END
docker container inspect ipmi-monitor > /dev/null 2>&1 ||
    docker run -d --name ipmi-monitor --network cryptolabs --ip 172.30.0.6 \
        --restart unless-stopped -e ADMIN_PASS=of-somebody-else -v ipmi-monitor-data:/app/data \
        -v /etc/ipmi-monitor/servers.yaml:/app/config/servers.yaml:ro \
        -v /etc/ipmi-monitor/ssh_keys:/app/ssh_keys:ro "$1"
docker container inspect cryptolabs-proxy > /dev/null 2>&1 ||
    docker run -d --name cryptolabs-proxy --network cryptolabs --ip 172.30.0.10 \
        --restart unless-stopped -p 80:80 -p 443:443 \
        --label com.centurylinklabs.watchtower.enable=true -v fleet-auth-data:/data/auth \
        -v /etc/cryptolabs-proxy/nginx.conf:/etc/nginx/nginx.conf:ro \
        -v /etc/cryptolabs-proxy/ssl:/etc/nginx/ssl:ro "$2"
until curl -fsSk https://127.0.0.1/ipmi/ > /dev/null 2>&1; do sleep 0.2; done
"""


def ensure(master: Server, *, registry: Registry) -> None:
    """Have both running on the master, with an engine; some 20 s where there is none."""
    registry.push(image.tag("nginx"), to=PROXY)
    images = (registry.images["ipmi-monitor"], f"{HOST}:{PORT}/{PROXY}")
    master.exec(("timeout", "180", "sh", "-c", START, "sh", *images), input=NGINX)
