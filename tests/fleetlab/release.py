"""Release files for the mirror: node_exporter is Debian's own build, dc-exporter a stand-in."""

import gzip
import hashlib
import io
import tarfile
import tempfile
from pathlib import Path

from . import apt
from .command import LabError, log, run
from .image import cache

STAND_INS = Path(__file__).parent / "stand_ins"
NODE_EXPORTER = {"1.5.0": "bookworm", "1.9.0": "trixie"}
DC_EXPORTER = "0.2.8"
NODE_RELEASES = "prometheus/node_exporter/releases/download"
DC_RELEASES = "cryptolabsza/dc-exporter-releases/releases/download"
NOTE = """This archive has the layout of an upstream release. The program in it was taken from
Debian's package prometheus-node-exporter {package}.
"""


def ensure() -> Path:
    """The folder of release files, laid out as the paths of their URLs; made once."""
    recipe = hashlib.sha256(
        Path(__file__).read_bytes() + (STAND_INS / "dc_exporter.c").read_bytes()
    )
    folder = cache() / f"releases-{recipe.hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    log.info("make the release files")
    apt.ensure_tools({"gcc": "gcc", "dpkg-deb": "dpkg"})
    with tempfile.TemporaryDirectory(dir=cache()) as temporary:
        work = Path(temporary)
        made = work / "releases"
        for version, suite in NODE_EXPORTER.items():
            _node_exporter(
                version, suite=suite, work=work, into=made / NODE_RELEASES / f"v{version}"
            )
        _dc_exporter(made / DC_RELEASES / f"v{DC_EXPORTER}")
        made.rename(folder)
    return folder


def _node_exporter(version: str, *, suite: str, work: Path, into: Path) -> None:
    package = apt.download("prometheus-node-exporter", suite=suite, to=work)
    packaged = run(("dpkg-deb", "--field", str(package), "Version")).stdout.strip()
    if not packaged.startswith(f"{version}-"):
        raise LabError(f"{suite} has node_exporter {packaged}, and the lab wants {version}")
    unpacked = work / suite
    run(("dpkg-deb", "--extract", str(package), str(unpacked)))
    program = (unpacked / "usr/bin/prometheus-node-exporter").read_bytes()
    name = f"node_exporter-{version}.linux-amd64"
    into.mkdir(parents=True)
    _tarball(
        into / f"{name}.tar.gz",
        {
            f"{name}/node_exporter": program,
            f"{name}/LICENSE": (
                unpacked / "usr/share/doc/prometheus-node-exporter/copyright"
            ).read_bytes(),
            f"{name}/NOTICE": NOTE.format(package=packaged).encode(),
        },
    )
    _sums(into, name="sha256sums.txt")


def _dc_exporter(into: Path) -> None:
    into.mkdir(parents=True)
    program = into / "dc-exporter-rs"
    version = f'-DVERSION="{DC_EXPORTER}"'
    source = STAND_INS / "dc_exporter.c"
    run(
        (
            "gcc",
            "-static",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            version,
            "-o",
            str(program),
            str(source),
        )
    )
    program.chmod(0o644)  # as downloaded
    _sums(into, name="SHA256SUMS")


def _tarball(path: Path, files: dict[str, bytes]) -> None:
    """The same bytes whenever it is made, so that digests stay."""
    with (
        gzip.GzipFile(path, "wb", compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if name.endswith("node_exporter") else 0o644
            tar.addfile(member, io.BytesIO(content))


def _sums(folder: Path, *, name: str) -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
    ]
    (folder / name).write_text("".join(lines))
