# Checks the new nginx.conf $3, which lies in the folder nginx of $2 beside ssl, by the nginx of the
# image $1. As root: what is staged nobody else may read yet.
exec docker run --rm --network none --user 0 --volume "$2/nginx:/etc/nginx/dcov:ro" \
    --volume "$2/ssl:/etc/nginx/ssl:ro" --entrypoint nginx "$1" -q -t -c "/etc/nginx/dcov/${3##*/}"
