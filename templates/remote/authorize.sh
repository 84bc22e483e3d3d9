# authorize USER FILE LINE: appends a line to the user's authorized_keys (FILE where it is not in
# the home), and puts its rights in order. What was in it stays byte for byte. An empty LINE is
# only for the rights. One more verb for the apply script.
authorize() {
    keys=$(getent passwd -- "$1" | cut -d: -f6)/.ssh/authorized_keys
    keys=${2:-$keys}
    ring=${keys%/*}
    primary=$(id -g -- "$1") || return
    if [ -z "$2" ] || [ ! -d "$ring" ]; then
        keep "$ring" && install -d -o "$1" -g "$primary" -m 700 -- "$ring" || return
    fi
    longer=$(beside "$keys" new)
    # shellcheck disable=SC2154 # of the apply script
    printf '%s\n' "$longer" >>"$journal/staged"
    (
        umask 077
        {
            if [ -e "$keys" ]; then
                cat -- "$keys" || exit
                [ -z "$3" ] || [ -z "$(tail -c 1 -- "$keys")" ] || echo
            fi
            [ -z "$3" ] || printf '%s\n' "$3"
        } >"$longer"
    ) || return
    place "$longer" "$keys" "$1" "$primary" 600
}
