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
case $verb in
up) compose up --detach --no-color "$@" ;; # with what they depend on, once that is healthy
remove) compose rm --stop --force "$@" ;;
restart) compose restart "$@" ;;
check) compose config --quiet ;;
*) exit 64 ;;
esac
