# Checks the new prometheus.yml $3, which lies in the folder $2, by the promtool of the image $1.
# As root: what is staged nobody else may read yet.
exec docker run --rm --network none --user 0 --volume "$2:/etc/prometheus:ro" --entrypoint promtool "$1" \
    check config "/etc/prometheus/${3##*/}"
