# Prints kind|owner|group|mode|sha256 of $1, then its text where that is short enough to diff.
[ -e "$1" ] || [ -L "$1" ] || exit 2
[ ! -L "$1" ] || { echo 'symbolic link||||'; exit 0; }
stat -c '%F|%U:%u|%G:%g|%a' -- "$1" | # a number where there is no name
    sed 's/|UNKNOWN:/|/g; s/|\([^|:]*\):[0-9]*/|\1/g' | tr '\n' '|'
[ -f "$1" ] || exit 0
digest "$1"
[ "$(stat -c %s -- "$1")" -gt 65536 ] || [ "$2" = digest ] || cat -- "$1"
