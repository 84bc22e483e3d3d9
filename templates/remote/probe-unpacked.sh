# Prints uid:gid:mode:size:time PATH of each path that is there; folders have neither size nor time.
for path; do
    if [ -d "$path" ] && [ ! -L "$path" ]; then
        stat -c '%u:%g:%a:0:0 %n' -- "$path"
    elif [ -e "$path" ] || [ -L "$path" ]; then
        stat -c '%u:%g:%a:%s:%Y %n' -- "$path"
    fi
done
