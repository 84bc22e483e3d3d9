# Prints which image the container $1 was made from, name|id, and then id|labels of that image, and
# of the one that the name $2 leads to now.
image() {
    if found=$(docker image inspect --format '{{.Id}}|{{json .Config.Labels}}' "$1" 2>/dev/null); then
        printf '%s\n' "$found"
    else
        echo '|null'
    fi
}
command -v docker >/dev/null || exit 2
docker container inspect --format '{{.Config.Image}}|{{.Image}}' "$1" 2>/dev/null || exit 1
image "$(docker container inspect --format '{{.Image}}' "$1")"
image "$2"
