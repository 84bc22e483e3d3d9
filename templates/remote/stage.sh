# Stages stdin for the file $1 in its nearest existing folder, for the run $2, and prints
# where and its SHA-256. Registered before it is written, so that a killed run can be swept.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
folder=${1%/*}
while [ -n "$folder" ] && [ ! -d "$folder" ]; do folder=${folder%/*}; done
staged=$folder/.dcov-$2.${1##*/}.new
journal=/var/lib/dcov/journal/$2
umask 077
if mkdir -p "$journal" && printf '%s\n' "$staged" >>"$journal/staged" && cat >"$staged"; then
    sum=$(digest "$staged") && printf '%s %s\n' "$staged" "$sum" && exit 0
fi
full=
for place in "${folder:-/}" "${journal%/*}" /var/lib; do
    free=$(df -Pk "$place" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ "${free:-9999}" -gt 64 ] || full="$free KiB were free on $place"
done
rm -f -- "$staged"
[ -z "$full" ] || { echo "$full" >&2; exit 28; }
exit 1
