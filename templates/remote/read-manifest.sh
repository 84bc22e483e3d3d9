# Prints the record of an exporter in the folder $1, and which of its files are no longer as they
# were placed. Fails where there is no record; one that an older dcov wrote names no digests.
cat -- "$1/manifest" || exit
[ -e "$1/digests" ] || exit 0
LC_ALL=C sha256sum --check --quiet -- "$1/digests" 2>/dev/null | sed 's/^\(.*\): FAILED.*/changed since \1/'
