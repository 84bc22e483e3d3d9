# Checks the new prometheus.yml $4, which lies in the folder $2, by the promtool of the image $1; $3 is
# the operator's own folder, where there is one. As root: what is staged nobody else may read yet.
exec docker run --rm --network none --user 0 --volume "$2:/etc/prometheus:ro" \
    ${3:+--volume "$3:/etc/prometheus/customer:ro"} --entrypoint promtool "$1" \
    check config "/etc/prometheus/${4##*/}"
