# What only a master is asked: its own address on the network of the family's containers.
if command -v docker >/dev/null; then
    if ! gateway=$(timeout 10 docker network inspect --format '{{range .IPAM.Config}}{{.Gateway}}{{end}}' cryptolabs 2>/dev/null); then
        timeout 10 docker version >/dev/null 2>&1 || gateway=unknown
    fi
    echo "shared_gateway=$gateway"
fi
