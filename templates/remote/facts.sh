# Prints what dcov wants to know of a server before it does anything there, as KEY=VALUE.
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ ! -r /etc/os-release ] || sed -n 's/^\(ID\|VERSION_ID\|PRETTY_NAME\)=/os_&/p' /etc/os-release
echo "hostname=$(uname -n)"
echo "arch=$(uname -m)"
echo "kernel=$(uname -r)"
echo "uid=$(id -u)"
echo "libc=$(getconf GNU_LIBC_VERSION 2>/dev/null)"
echo "cpus=$(getconf _NPROCESSORS_ONLN)"
sed -n 's/^MemTotal: *\([0-9]*\) kB/memory_kib=\1/p' /proc/meminfo
df -Pk / | awk 'NR == 2 { print "disk_kib=" $2; print "disk_free_kib=" $4 }'
[ ! -d /run/systemd/system ] || echo "systemd=$(systemctl --version | awk 'NR == 1 { print $2 }')"
echo "boot_id=$(cat /proc/sys/kernel/random/boot_id)"
echo "clock=$(date +%s)"
if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=index,name,uuid,driver_version --format=csv,noheader | sed 's/^/gpu=/'
fi
for gpu in /proc/driver/nvidia/gpus/*/; do
    [ ! -d "$gpu" ] || echo "gpu_device=$gpu"
done
[ ! -e /var/lib/vastai_kaalia ] || echo "vast=yes"
