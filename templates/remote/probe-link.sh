# Prints `link|TARGET`, `file|` or the kind of what stands at $1.
if [ -L "$1" ]; then
    printf 'link|%s\n' "$(readlink -- "$1")"
elif [ -f "$1" ]; then
    # Also what is in it: a plan made of another content is stale.
    printf 'file|\n'
    sha256sum <"$1"
elif [ -e "$1" ]; then
    stat -c '%F|' -- "$1"
else
    exit 2
fi
