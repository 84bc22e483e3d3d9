# Prints what goes when the package $1 is purged, with the versions; nothing where it is not there.
state=$(dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null) || exit 0
[ "$state" != not-installed ] || exit 0
going=$(apt-get -s -q purge -- "$1") || exit
# As in: Purg jq [1.6-2.1]
printf '%s\n' "$going" | sed -n 's/^\(Remv\|Purg\) \([^ ]*\) \[\([^]]*\)\].*/\2 \3/p'
