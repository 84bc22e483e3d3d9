# Prints the containers that dcov made in the compose project $1, and after `volatile:` which run.
command -v docker >/dev/null || exit 0
list() {
    docker container ls --all --filter "label=com.docker.compose.project=$project" \
        --filter label=io.dcov.site "$@" --format '{{.Names}}' | sort
}
project=$1
list || exit
echo volatile:
list --filter status=running
