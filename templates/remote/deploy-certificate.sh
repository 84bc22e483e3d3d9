# deploy DOMAIN METRICS CERTIFICATE KEY RELOAD...: what certbot has renewed becomes the proxy's. One
# that the proxy refuses is put back.
deploy() {
    [ "${RENEWED_LINEAGE##*/}" = "$1" ] || return 0 # certbot has other certificates
    folder=${3%/*} metrics=$2
    cp -p -- "$3" "$3.old" && cp -p -- "$4" "$4.old" || return
    certificate=$3 key=$4
    shift 4
    if copy_certificate "$RENEWED_LINEAGE/fullchain.pem" "$RENEWED_LINEAGE/privkey.pem" "$folder" && "$@"; then
        rm -f -- "$certificate.old" "$key.old"
        certificate_metrics "$certificate" "$metrics"
    else
        mv -f -- "$key.old" "$key"
        mv -f -- "$certificate.old" "$certificate"
        return 1
    fi
}
