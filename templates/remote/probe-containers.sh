# Prints what runs under these names: name|project|digest, and after `volatile:` name|state|health.
inspect() { docker container inspect --format "$1" "$2" 2>/dev/null; }
docker version >/dev/null 2>&1 || exit 2
for name; do
    inspect '{{.Name}}|{{index .Config.Labels "com.docker.compose.project"}}|{{index .Config.Labels "io.dcov.digest"}}' "$name"
done
echo volatile:
for name; do
    inspect '{{.Name}}|{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{end}}' "$name"
done
:
