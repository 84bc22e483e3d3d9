# Prints what a master has, one fact a line, as KEY<tab>VALUE; values of the engine are JSON.
# The site lies below $home.
say() { printf '%s\t%s\n' "$1" "$2"; }
for tool in docker docker-compose certbot curl openssl; do
    ! command -v "$tool" >/dev/null || say tool "$tool"
done
if version=$(docker version --format '{{.Server.Version}}' 2>&1); then
    say engine "$version"
    docker container ls --all --quiet --no-trunc | while read -r id; do
        docker container inspect --format '{"name":{{json .Name}},"image":{{json .Config.Image}},"state":{{json .State.Status}},"labels":{{json .Config.Labels}},"networks":{{json .NetworkSettings.Networks}},"mounts":{{json .Mounts}}}' "$id" 2>/dev/null |
            sed 's/^/container\t/'
    done
    docker network ls --quiet | while read -r id; do
        docker network inspect --format '{"name":{{json .Name}},"driver":{{json .Driver}},"scope":{{json .Scope}},"ipam":{{json .IPAM.Config}}}' "$id" 2>/dev/null |
            sed 's/^/network\t/'
    done
elif command -v docker >/dev/null; then
    say trouble "$(printf '%s' "$version" | tail -n 1)"
fi
# An engine may run as another unit, or as none: then there is nothing to enable.
boot=$(systemctl is-active docker 2>/dev/null):$(systemctl is-enabled docker 2>/dev/null)
[ "$boot" != active:disabled ] || say disabled docker
compose=$(docker compose version --short 2>/dev/null) || compose=$(docker-compose version --short 2>/dev/null)
[ -z "$compose" ] || say compose "$compose"
ip -o addr show scope global 2>/dev/null | awk '{ print "address\t" $2 " " $4 }'
for port in 80 443; do
    ss -Hltnp "sport = :$port" 2>/dev/null | awk -v port="$port" '{ print "listener\t" port " " $NF }'
done
seen_site "$home" | sed "s/^/site\t/"
for journal in /var/lib/dcov/journal/*/; do
    [ ! -d "$journal" ] || say unsettled "$journal"
done
