# digest FILE: prints its SHA-256. For 20 MB sha256sum takes 90 ms of CPU and openssl 12, where the
# processor has instructions for it that Debian's sha256sum does not know; openssl starts slower.
digest() {
    if [ "$(stat -Lc %s -- "$1")" -gt 1048576 ] && command -v openssl >/dev/null; then
        sum=$(openssl dgst -sha256 -r <"$1")
    else
        sum=$(sha256sum <"$1")
    fi && printf '%s\n' "${sum%% *}"
}
