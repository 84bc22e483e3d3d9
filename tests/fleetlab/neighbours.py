"""What may run on a master before dcov comes: IPMI Monitor and the proxy of its family.

Both are STAND-INS with the names, network, ports and folders that the existing product gives them:
`ipmi-monitor` is the lab's program, `cryptolabs-proxy` is nginx with a configuration of its own. As
in the real one, every path asks its login service (`/_auth_check`) who is there; that one knows a
single session, in the cookie of COOKIE. They are started by hand, as somebody else's, with no label
of dcov's. The kinds of proxy differ in what they say of paths that are not their own.
"""

from enum import StrEnum

from . import image
from .registry import HOST, PORT, Registry
from .server import Server

PROXY = "cryptolabs-proxy:stand-in"
COOKIE = "fleet_session=of-somebody-else"


class Kind(StrEnum):
    """What sort of proxy the neighbours have."""

    FOLDER = "folder"  # includes what lies in a folder of the master
    BUILT_IN = "built-in"  # has /grafana/ and /prometheus/, as the real one has
    CLOSED = "closed"  # has neither
    OPEN = "open"  # has both, and asks nobody for a login


INCLUDE = "include /etc/nginx/services.d/*.conf;"
ASKS = """
            auth_request /_auth_check;
            auth_request_set $who $upstream_http_x_fleet_auth_user;
            error_page 401 = @login;
"""
BUILT_IN = """
        location /grafana/ { %(asks)s
            set $grafana grafana;
            proxy_set_header X-WEBAUTH-USER $who;
            proxy_set_header X-WEBAUTH-ROLE Viewer;
            proxy_pass http://$grafana:3000;
        }
        location /prometheus { %(asks)s
            set $prometheus prometheus;
            proxy_pass http://$prometheus:9090;
        }
"""
NGINX = """\
events {}
http {
    server {
        listen 127.0.0.1:8081;
        location = /auth/headers {
            if ($cookie_fleet_session != of-somebody-else) { return 401; }
            add_header X-Fleet-Auth-User theirs;
            add_header X-Fleet-Auth-Role admin;
            return 200;
        }
    }
    server {
        listen 80;
        listen 443 ssl;
        ssl_certificate /etc/nginx/ssl/server.crt;
        ssl_certificate_key /etc/nginx/ssl/server.key;
        resolver 127.0.0.11 valid=10s;
        set $who "";
        location = / { return 200 "the proxy of the family\\n"; }
        location = /api/health { return 200 "ok\\n"; }
        location = /_auth_check {
            internal;
            proxy_pass http://127.0.0.1:8081/auth/headers;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
        location @login { return 302 /auth/login?next=$request_uri; }
        location /ipmi/ { %(asks)s
            set $upstream ipmi-monitor;
            rewrite ^/ipmi(/.*)$ $1 break;
            proxy_pass http://$upstream:5000;
        }
        %(more)s
    }
}
"""
START = """
set -eu
install -d /etc/cryptolabs-proxy/ssl /etc/cryptolabs-proxy/services.d /etc/ipmi-monitor/ssh_keys
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
[ -z "$2" ] || docker container inspect cryptolabs-proxy > /dev/null 2>&1 ||
    docker run -d --name cryptolabs-proxy --network cryptolabs --ip 172.30.0.10 \
        --restart unless-stopped -p 80:80 -p 443:443 \
        --label com.centurylinklabs.watchtower.enable=true -v fleet-auth-data:/data/auth \
        -v /etc/cryptolabs-proxy/nginx.conf:/etc/nginx/nginx.conf:ro \
        -v /etc/cryptolabs-proxy/services.d:/etc/nginx/services.d:ro \
        -v /etc/cryptolabs-proxy/ssl:/etc/nginx/ssl:ro "$2"
[ -z "$2" ] || until curl -fsSk https://127.0.0.1/api/health > /dev/null 2>&1; do sleep 0.2; done
"""


def ensure(master: Server, *, registry: Registry, proxy: Kind | None = Kind.FOLDER) -> None:
    """Have both running on the master, with an engine; some 20 s where there is none.

    Without a kind of proxy IPMI Monitor is alone.
    """
    registry.push(image.tag("nginx"), to=PROXY)
    images = (registry.images["ipmi-monitor"], f"{HOST}:{PORT}/{PROXY}" if proxy else "")
    config = _nginx(proxy) if proxy else ""
    master.exec(("timeout", "180", "sh", "-c", START, "sh", *images), input=config)


def _nginx(kind: Kind) -> str:
    asks = "" if kind is Kind.OPEN else ASKS
    built_in = BUILT_IN % {"asks": asks}
    more = {Kind.FOLDER: INCLUDE, Kind.CLOSED: ""}.get(kind, built_in)
    return NGINX % {"asks": asks, "more": more}
