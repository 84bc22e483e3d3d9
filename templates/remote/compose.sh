# Runs compose, version 2 or 1, whichever is here: $1 the file, $2 what to do, then services.
file=$1 verb=$2
shift 2
compose() {
    if docker compose version >/dev/null 2>&1; then
        docker compose --file "$file" --project-directory "${file%/*}" "$@"
    else
        docker-compose --file "$file" --project-directory "${file%/*}" "$@"
    fi
}
# Compose 1 calls a container ID_NAME while it makes it anew, and leaves it so where the new one
# does not start: then nobody finds it by its name when it runs again.
call_by_name() {
    folder=${file%/*}
    for name; do
        ! docker container inspect "$name" >/dev/null 2>&1 || continue
        docker container ls --all --filter "label=com.docker.compose.project=${folder##*/}" \
            --filter "label=com.docker.compose.service=$name" --format '{{.Names}}' |
            grep -xE "[0-9a-f]{12}_$name" | head -n 1 |
            while read -r other; do docker rename "$other" "$name" || exit; done || return
    done
}
case $verb in
up) compose up --detach --no-color "$@" && call_by_name "$@" ;; # with what they depend on, once that is healthy
remove) compose rm --stop --force "$@" ;;
restart) compose restart "$@" ;;
check) compose config --quiet ;;
*) exit 64 ;;
esac
