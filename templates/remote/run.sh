# Reads a script of $1 bytes from stdin and runs it. With $2 = tied, the end of stdin (the
# controller is gone, or cancels) ends everything that the script started.
s=$(head -c "$1"; echo .) || exit 125
s=${s%.}
if [ "$2" = tied ]; then
    exec 3<&0 </dev/null
    (
        read -r _ <&3
        trap '' TERM
        kill -TERM 0
        sleep 2
        kill -KILL 0
    ) >/dev/null 2>&1 &
    tie=$!
    (
        exec 3<&-
        eval "$s"
    )
    code=$?
    kill "$tie"
    exit "$code"
fi
exec </dev/null
eval "$s"
