# Makes the Prometheus at $1 read its files anew, and waits until it has. It runs as the systemd unit
# $2 or, where that is empty, in the container $3. With $4 = ask, only tells whether it has read the
# file $5, and those in the folders after it, since they were last changed.
url=$1 unit=$2 container=$3 verb=$4
shift 4
metric() { curl -fsS --max-time 5 "$url/metrics" | awk -v name="$1" '$1 == name { printf "%.3f\n", $2 }'; }
read_at=$(metric prometheus_config_last_reload_success_timestamp_seconds)
if [ "$verb" = ask ]; then
    changed_at=$(find "$@" ! -type d -printf '%C@\n' | sort -rn | head -n 1)
    [ -n "$changed_at" ] || exit
    awk "BEGIN { exit !(${read_at:-0} >= int($changed_at * 1000) / 1000) }"
    exit
fi
# Its answer says only that there was an error; its log says which.
refused() {
    printf '%s\n' "$1" | sed '/^$/d'
    if [ -n "$unit" ]; then
        journalctl --quiet --output=cat --unit="$unit" --since="@$began"
    else
        docker logs --since="$began" "$container" 2>&1
    fi | sed -n '/level=error/I s/.*\(msg=.*\)/\1/p'
    exit 1
} >&2
began=$(date +%s)
said=$(curl -sS --max-time 30 -X POST -w '\n%{http_code}' "$url/-/reload")
case $said in
*200) ;;
*403 | *000) # by a signal alone; a container that is only coming up reads them now
    [ -z "$unit" ] || systemctl reload "$unit" || exit ;;
*) refused "${said%???}" ;;
esac
waited=0
until [ "$(metric prometheus_config_last_reload_success_timestamp_seconds)" != "$read_at" ]; do
    waited=$((waited + 1))
    [ "$waited" -lt 50 ] || refused 'Prometheus did not take the configuration'
    sleep 0.2
done
[ "$(metric prometheus_config_last_reload_successful)" = 1.000 ] || refused 'Prometheus did not take all of it'
