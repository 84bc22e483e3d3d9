# seen_site DIR: prints NAME SHA256 WHERE of each of the site's files that is there; WHERE is
# `placed` in fleet/ with a link to it where it used to lie, `old` anywhere else.
seen_site() {
    for name in fleet-config.yaml known_hosts; do
        file=$1/fleet/$name where=old
        [ -f "$file" ] || file=$1/$name
        [ -f "$file" ] || continue
        [ "$(readlink -- "$1/$name")" != "fleet/$name" ] || where=placed
        printf '%s %s %s\n' "$name" "$(digest "$file")" "$where"
    done
}
