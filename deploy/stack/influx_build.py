"""The program ``influxd``, built once from its sources: no binary of it can be had where only package registries are.

InfluxDB 2 is written in Go; its query language Flux in Go around a library in Rust.
"""

import shutil
import tempfile
from pathlib import Path

from deploy.places import cache
from deploy.stack import golang
from deploy.stack.locks import locked
from deploy.stack.service import StackError, Tell

VERSION = "2.7.12"
_MODULE, _FLUX = "github.com/influxdata/influxdb/v2", "github.com/influxdata/flux"
_FETCHED_WITHIN, _BUILT_WITHIN = 900.0, 1_800.0
_CARGO = ("cargo", "rustc", "--locked", "--release", "--lib", "--crate-type", "staticlib", "--package", "flux")
_PC = """\
Name: flux
Description: Flux, the query language
Version: {version}
Libs: -L{library} -lflux -ldl -lpthread -lm
Cflags: -I{include}
"""


def program() -> Path:
    """Where the program is kept, once built."""
    return cache() / f"influxd-{VERSION}" / "influxd"


def built(tell: Tell) -> Path:
    """The program; built where it is not there yet, which takes minutes.

    It is there whole or not at all, however many programs want it at once.

    Raises:
        MissingError: when a builder is missing.
        StackError: when the sources cannot be had or do not build.
    """
    found = program()
    if found.exists():
        return found
    golang.needed("InfluxDB")
    home = found.parent
    with locked(home.parent / f"{home.name}.lock", _BUILT_WITHIN):
        if found.exists():
            return found
        tell(f"building InfluxDB {VERSION} from its sources, once, into {home}: some minutes")
        with tempfile.TemporaryDirectory(prefix=f".{home.name}-", dir=home.parent) as beside:
            made = _build(Path(beside), tell)
            home.mkdir(exist_ok=True)
            made.rename(found)
    return found


def _build(folder: Path, tell: Tell) -> Path:
    source = golang.download(_MODULE, f"v{VERSION}", folder, _FETCHED_WITHIN)
    named = ["go", "list", "-mod=readonly", "-m", "-f", "{{.Version}}", _FLUX]
    version = golang.run(named, source.folder, _FETCHED_WITHIN, "name the version of Flux").strip()
    flux = golang.download(_FLUX, version, folder, _FETCHED_WITHIN)
    tell(f"building Flux {version}, in Rust")
    library, include = _flux(flux, folder)
    packages = folder / "pkgconfig"
    packages.mkdir()
    (packages / "flux.pc").write_text(_PC.format(version=version.removeprefix("v"), library=library, include=include))
    tell("building the server, in Go")
    made = folder / "influxd"
    golang.run(
        [
            *("go", "build", "-mod=readonly", "-trimpath", "-tags", "sqlite_foreign_keys,sqlite_json"),
            *("-ldflags", f"-s -w -X main.version=v{VERSION}", "-o", str(made), "./cmd/influxd"),
        ],
        source.folder,
        _BUILT_WITHIN,
        "build the server",
        {"PKG_CONFIG_PATH": str(packages), "CGO_ENABLED": "1"},
    )
    if not made.exists():
        raise StackError("go ended well and left no influxd")
    return made


def _flux(flux: golang.Module, folder: Path) -> tuple[Path, Path]:
    """Build the library in Rust; the folder it lies in alone, and that of its headers."""
    copy = folder / "flux"
    shutil.copytree(flux.folder, copy)
    for path in (copy, *copy.rglob("*")):
        # What Go keeps of a module nobody may write, and a copy inherits that.
        path.chmod(path.stat().st_mode | 0o200)
    # It names one tool chain by its date; any of today's builds it.
    (copy / "rust-toolchain.toml").unlink(missing_ok=True)
    (copy / "libflux" / "rust-toolchain.toml").unlink(missing_ok=True)
    target = folder / "target"
    golang.run(
        _CARGO,
        copy / "libflux",
        _BUILT_WITHIN,
        "build Flux",
        {"CARGO_TARGET_DIR": str(target), "RUSTFLAGS": "--cap-lints=warn"},
    )
    library = folder / "lib"
    library.mkdir()
    shutil.copy(target / "release" / "libflux.a", library)
    return library, copy / "libflux" / "include"
