# Prints what systemd knows of the unit $1, which program runs, and what it was started with.
systemctl show "$1" -p LoadState -p UnitFileState
# A unit that dies and is started again all the time has not been changed by anybody.
echo volatile:
systemctl show "$1" -p ActiveState -p NeedDaemonReload -p InvocationID
pid=$(systemctl show "$1" -p MainPID --value)
if [ "${pid:-0}" -gt 0 ]; then
    sum=$(digest "/proc/$pid/exe") && echo "Running=$sum"
fi
[ ! -e "/run/dcov/started/$1" ] || sed 's/^/Started=/' "/run/dcov/started/$1"
