# Makes nginx in the container $1, which is somebody else's, check its configuration and read it anew.
state=$(docker inspect -f '{{.State.Running}}' "$1" 2>/dev/null) || exit 0
[ "$state" = true ] || exit 0 # it will read it when it starts
docker exec "$1" nginx -q -t && docker exec "$1" nginx -q -s reload
