# Prints what runs under these names: name|project|digest, and after `volatile:` name|state|health.
inspect() { docker container inspect --format "$1" "$2" 2>/dev/null; }
docker version >/dev/null 2>&1 || exit 2
for name; do
    inspect '{{.Name}}|{{index .Config.Labels "com.docker.compose.project"}}|{{index .Config.Labels "io.dcov.digest"}}' "$name"
done
echo volatile:
# One that ends again and again is up now and then; it does not stay long enough to be healthy.
state='{{if and .RestartCount .State.Health}}{{if eq .State.Health.Status "healthy"}}{{.State.Status}}{{else}}restarting{{end}}{{else}}{{.State.Status}}{{end}}'
for name; do
    inspect '{{.Name}}|'"$state"'|{{if .State.Health}}{{.State.Health.Status}}{{end}}' "$name"
done
:
