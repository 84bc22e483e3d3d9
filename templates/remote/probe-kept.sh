# Whether $1 is just as its kept copy $2: kind, owner and mode, and its content or where it leads.
[ "$(stat -c '%F|%u|%g|%a' -- "$1")" = "$(stat -c '%F|%u|%g|%a' -- "$2")" ] || exit 1
if [ -L "$2" ]; then [ "$(readlink -- "$1")" = "$(readlink -- "$2")" ]; else cmp -s -- "$1" "$2"; fi
