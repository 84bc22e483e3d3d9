# Prints pid, command and unit of what listens on TCP port $1; $2 is the unit that may.
echo volatile:
main=$(systemctl show "$2" -p MainPID --value 2>/dev/null)
ss -Hltnp "sport = :$1" | sed -n 's/.*users:((\(.*\)))$/\1/p' | tr '(' '\n' |
    sed -n 's/^"\([^"]*\)",pid=\([0-9]*\).*/\2 \1/p' | sort -u |
    while read -r pid command; do
        [ "$pid" = "$main" ] && owner=$2 || owner=-
        echo "$pid $command $owner"
    done
[ -z "$(ss -Hltn "sport = :$1")" ] || [ -n "$(ss -Hltnp "sport = :$1" | grep users:)" ] ||
    echo "? unknown -"
