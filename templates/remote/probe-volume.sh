# Prints the labels of a volume, and then the containers that use it and that dcov did not make.
docker volume inspect --format '{{json .Labels}}' "$1" 2>/dev/null || exit 1
docker container ls --all --filter "volume=$1" --format '{{.Names}}|{{.Label "io.dcov.site"}}' |
    sed -n 's/|$//p' | sort
