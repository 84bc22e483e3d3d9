# Prints what a network is, and then the containers on it that dcov did not make; exits 1 for none.
docker network inspect --format '{"driver":{{json .Driver}},"labels":{{json .Labels}},"ipam":{{json .IPAM.Config}}}' "$1" 2>/dev/null || exit 1
docker container ls --all --filter "network=$1" --format '{{.Names}}|{{.Label "io.dcov.site"}}' |
    sed -n 's/|$//p' | sort
