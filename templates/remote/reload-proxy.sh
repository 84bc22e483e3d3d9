# Makes nginx in the container $2 read its files anew; it reads its configuration ($3) and the
# certificate first, and gives no signal where they are no good. With $1 = ask only tells whether it
# has read the files from $4 on since they were changed.
verb=$1 container=$2 config=$3
shift 3
stamp=/run/dcov/reloaded/$container
state=$(docker inspect -f '{{.State.Running}} {{.State.StartedAt}}' "$container" 2>/dev/null) || exit 0
[ "${state%% *}" = true ] || exit 0
if [ "$verb" = ask ]; then
    read_at=$(date -d "${state#* }" +%s.%N) || exit
    stamped_at=$(stat -c %.9Y -- "$stamp" 2>/dev/null) || stamped_at=0
    for file; do
        changed_at=$(stat -c %.9Z -- "$file" 2>/dev/null) || continue
        # As texts: awk's numbers have no nanoseconds.
        printf '%s\n' "$read_at" "$stamped_at" "$changed_at" | sort -rn | head -n 1 | grep -qxF "$changed_at" && exit 1
    done
    exit 0
fi
mkdir -p "${stamp%/*}" && : >"$stamp.new" || exit
docker exec "$container" nginx -q -c "$config" -s reload || exit
mv -f -- "$stamp.new" "$stamp"
