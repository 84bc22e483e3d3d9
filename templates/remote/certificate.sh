# How a certificate comes to the proxy: verbs for the apply script, and for certbot's deploy hook.

# copy_certificate CERTIFICATE KEY FOLDER: they become FOLDER's server.crt and server.key.
copy_certificate() {
    (
        umask 077
        cp -- "$2" "$3/.server.key.new" && cp -- "$1" "$3/.server.crt.new" &&
            chmod 644 "$3/.server.crt.new" &&
            mv -f -- "$3/.server.key.new" "$3/server.key" &&
            mv -f -- "$3/.server.crt.new" "$3/server.crt"
    ) && return
    rm -f -- "$3/.server.key.new" "$3/.server.crt.new"
    return 1
}

# certificate_metrics CERTIFICATE FILE: how long it is good, for Prometheus.
certificate_metrics() {
    ends=$(openssl x509 -in "$1" -noout -enddate) && ends=$(date -u -d "${ends#*=}" +%s) || return
    name=dcov_certificate_expires_timestamp_seconds
    printf '# HELP %s When the certificate of the proxy ends.\n# TYPE %s gauge\n%s %s\n' \
        "$name" "$name" "$name" "$ends" >"$2.new" && chmod 644 "$2.new" && mv -f -- "$2.new" "$2"
}

# issue_certificate HOME NAME ALTERNATIVES new|kept: HOME's own authority, made first if it is to be
# new, signs for a key that is made here. No key leaves the machine.
issue_certificate() {
    work=$1/.dcov-issue.$$
    # shellcheck disable=SC2154 # of the apply script
    printf '%s\n' "$work" >>"$journal/staged" && (umask 077 && mkdir -- "$work") || return
    printf '%s\n' '[req]' 'distinguished_name = dn' '[dn]' \
        '[authority]' 'basicConstraints = critical, CA:TRUE, pathlen:0' \
        'keyUsage = critical, keyCertSign, cRLSign' 'subjectKeyIdentifier = hash' \
        '[server]' 'basicConstraints = critical, CA:FALSE' 'keyUsage = critical, digitalSignature' \
        'extendedKeyUsage = serverAuth' 'subjectKeyIdentifier = hash' \
        'authorityKeyIdentifier = keyid' "subjectAltName = $3" >"$work/cnf" || return
    [ "$4" = kept ] || new_authority "$1" "$work" "$2" || return
    new_key "$work/cnf" -subj "/CN=$2" -keyout "$work/server.key" -out "$work/server.csr" &&
        openssl x509 -req -in "$work/server.csr" -CA "$1/ca/ca.crt" -CAkey "$1/ca/ca.key" -sha256 \
            -days 397 -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/cnf" \
            -extensions server -out "$work/server.crt" &&
        copy_certificate "$work/server.crt" "$work/server.key" "$1/ssl" &&
        install -m 644 -- "$1/ca/ca.crt" "$1/ssl/ca.crt" || return
    rm -rf -- "$work"
}

new_authority() {
    new_key "$2/cnf" -x509 -sha256 -days 3650 -extensions authority -subj "/CN=dcov authority of $3" \
        -keyout "$2/ca.key" -out "$2/ca.crt" &&
        chmod 600 "$2/ca.key" && chmod 644 "$2/ca.crt" && mv -f -- "$2/ca.key" "$2/ca.crt" "$1/ca/"
}

new_key() {
    config=$1
    shift
    openssl req -config "$config" -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "$@"
}
