# Writes down what was at these paths before dcov came: $1 is the folder of the record, then the
# paths, folders with a slash at their end. Files that were there are kept as before/N; of folders
# owner, group and mode are noted.
folder=$1
shift
umask 077
mkdir -p "$folder/before" || exit
number=$(($(wc -l 2>/dev/null <"$folder/manifest") + 0))
for path; do
    number=$((number + 1))
    case $path in
    */) if [ -d "$path" ]; then was=$(stat -c %U:%G:%a -- "$path") || exit; else was=made; fi ;;
    *)
        was=made
        if [ -e "$path" ] || [ -L "$path" ]; then
            cp -aT --remove-destination -- "$path" "$folder/before/$number" || exit
            was=$number
        fi
        ;;
    esac
    echo "$was $path" >>"$folder/manifest" || exit
done
