# Prints kind|owner|group|mode|sha256 of $1, then its text where that is short enough to diff.
[ -e "$1" ] || [ -L "$1" ] || exit 2
[ ! -L "$1" ] || { echo 'symbolic link||||'; exit 0; }
stat -c '%F|%U|%G|%a' -- "$1" | tr '\n' '|'
[ -f "$1" ] || exit 0
sum=$(sha256sum <"$1")
echo "${sum%% *}"
[ "$(stat -c %s -- "$1")" -gt 65536 ] || [ "$2" = digest ] || cat -- "$1"
