# Keeps the data of a volume as it is now: $1 the volume, $2 the container that writes to it, which
# is stopped meanwhile. Prints where the copy lies. Files of Prometheus' finished blocks never
# change, so they are linked; the rest is copied.
volume=$1 container=$2
trap '' HUP PIPE
place=$(docker volume inspect --format '{{.Mountpoint}}' "$volume") || exit
copy=${place%/_data}/.dcov-backup
rm -rf -- "$copy"
running=$(docker container inspect --format '{{.State.Running}}' "$container" 2>/dev/null)
if [ "$running" = true ]; then
    trap 'docker start "$container" >/dev/null' EXIT
    docker stop --time 30 "$container" >/dev/null || exit
fi
cp -al -- "$place" "$copy" || exit
find "$copy" -type f ! -regex '.*/[0-9A-Z]\{26\}/.*' -exec sh -c '
    for file; do cp -a -- "$file" "$file.dcov" && mv -f -- "$file.dcov" "$file" || exit; done' sh {} + || exit
printf '%s\n' "$copy"
