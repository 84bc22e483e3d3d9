# Tells of pairs of certificate and key (from $2 on), and what $1 says of how long one is good.
# A key is shown by its public half.
echo '-- metrics'
grep -v '^#' -- "$1"
shift
while [ "$#" -ge 2 ]; do
    echo '-- certificate'
    [ ! -f "$1" ] || head -c 40000 -- "$1"
    echo
    echo '-- key'
    if ! command -v openssl >/dev/null; then
        echo 'no openssl'
    elif [ ! -f "$2" ]; then
        echo absent
    else
        openssl pkey -in "$2" -pubout -passin pass: || echo unreadable
    fi
    shift 2
done
