# Writes down what was there before an exporter was installed: $1 is its folder, $2 its unit,
# $3 its user or nothing, then its paths. Files that were there are kept as before/N.
folder=$1 unit=$2 user=$3
shift 3
umask 077
mkdir -p "$folder/before" || exit
{
    [ -z "$user" ] || { id -u "$user" >/dev/null 2>&1 && echo "user present $user" || echo "user made $user"; }
    echo "unit $(systemctl show "$unit" -p UnitFileState --value):$(systemctl show "$unit" -p ActiveState --value) $unit"
    number=0
    for path; do
        number=$((number + 1))
        if [ -e "$path" ]; then
            cp -a -- "$path" "$folder/before/$number" || exit
            echo "path $number $path"
        else
            echo "path made $path"
        fi
    done
} >"$folder/manifest"
