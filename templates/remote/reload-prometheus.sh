# Makes the Prometheus at $1 (systemd unit $2, if any) read its files anew, and waits until it has.
# With $3 = ask, only tells whether it has read the file $4, and those in the folders after it, since
# they were last changed.
metric() { curl -fsS --max-time 5 "$1/metrics" | awk -v name="$2" '$1 == name { printf "%.3f\n", $2 }'; }
read_at=$(metric "$1" prometheus_config_last_reload_success_timestamp_seconds) || exit
if [ "$3" = ask ]; then
    shift 3
    changed_at=$(find "$@" ! -type d -printf '%C@\n' | sort -rn | head -n 1)
    [ -n "$changed_at" ] || exit
    awk "BEGIN { exit !(${read_at:-0} >= int($changed_at * 1000) / 1000) }"
    exit
fi
if ! said=$(curl -sS --max-time 10 -X POST -w '%{http_code}' "$1/-/reload") || [ "${said##*
}" = 403 ] || [ "$said" = 403 ]; then
    systemctl reload "$2" || exit
else
    case $said in *200) ;; *403) systemctl reload "$2" || exit ;; *) echo "$said" >&2; exit 1 ;; esac
fi
waited=0
until [ "$(metric "$1" prometheus_config_last_reload_success_timestamp_seconds)" != "$read_at" ]; do
    waited=$((waited + 1))
    [ "$waited" -lt 50 ] || { echo 'Prometheus did not take the configuration' >&2; exit 1; }
    sleep 0.2
done
[ "$(metric "$1" prometheus_config_last_reload_successful)" = 1.000 ]
