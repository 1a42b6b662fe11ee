"""One virtual environment a library, made from the package index, each with an interpreter it supports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Library:
    """A library that is measured: where it comes from, and what it runs on."""

    name: str
    tasks: str
    pythons: tuple[str, ...]
    requirements: tuple[str, ...]
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that is there, or the reason why it is not."""

    library: Library
    python: Path | None
    versions: Mapping[str, str]
    missing: str | None = None


# pandas, Polars and DuckDB are measured in our own environment: the same frames, a query by hand.
OURS = Library(
    "customer_centric",
    "tasks_customer_centric",
    ("3.11", "3.12", "3.13"),
    ("-e", f"{ROOT}[test]"),
    ("numpy", "scipy", "pandas", "narwhals", "polars", "duckdb", "pyarrow"),
)
PEERS = (
    Library(
        "lifetimes",
        "tasks_lifetimes",
        ("3.11", "3.10", "3.9"),
        ("lifetimes==0.11.3", "pandas<2", "numpy<2"),
        ("lifetimes", "numpy", "scipy", "pandas"),
    ),
    Library(
        "pymc-marketing",
        "tasks_pymc_marketing",
        ("3.12", "3.13"),
        ("pymc-marketing>=1.0,<2",),
        ("pymc-marketing", "pymc", "pytensor", "numpy", "scipy", "pandas"),
    ),
    Library(
        "lifelines",
        "tasks_lifelines",
        ("3.12", "3.11"),
        ("lifelines>=0.30,<0.31", "pandas<3"),
        ("lifelines", "numpy", "scipy", "pandas"),
    ),
)


def default_cache() -> Path:
    """Where environments and inputs are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "customer_centric_benchmarks"


def make_environment(library: Library, cache: Path, interpreters: Mapping[str, str]) -> Environment:
    """The environment of a library, made where it is not there yet."""
    home = cache / "environments" / library.name
    # Which checkout it is made from is irrelevant: `src` of the one that is measured comes first on the path.
    wanted = json.dumps([library.pythons, library.requirements]).replace(str(ROOT), "")
    stamp = home / "complete"
    if not stamp.exists() or stamp.read_text() != wanted:
        interpreter = find_interpreter(library.pythons, interpreters)
        if interpreter is None:
            return Environment(library, None, {}, f"needs Python {' or '.join(library.pythons)}: not found")
        problem = _build(home, interpreter, library.requirements)
        if problem is not None:
            return Environment(library, None, {}, problem)
        stamp.write_text(wanted)
    python = _python_of(home)
    return Environment(library, python, _versions(python, library.shown))


def clvtools_environment() -> Environment:
    """CLVTools is an R package: reported, not measured."""
    found = "R is here, but no R environment is made" if shutil.which("Rscript") else "needs R: not found"
    return Environment(Library("CLVTools", "", (), (), ()), None, {}, found)


def find_interpreter(versions: Sequence[str], given: Mapping[str, str]) -> str | None:
    """The first of these versions that runs: as given, on the path, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in versions:
        candidates = [given.get(version, ""), shutil.which(f"python{version}") or ""]
        candidates += [str(path / "bin" / "python") for path in sorted(pyenv.glob(f"{version}.*"))]
        candidates += [sys.executable]
        for candidate in filter(None, candidates):
            if _version_of(candidate) == version:
                return candidate
    return None


def _version_of(interpreter: str) -> str | None:
    asked = [interpreter, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _build(home: Path, interpreter: str, requirements: Sequence[str]) -> str | None:
    """Make the environment; what went wrong, if something did."""
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    print(f"making the environment of {home.name} ...", file=sys.stderr, flush=True)
    made = subprocess.run([interpreter, "-m", "venv", str(home)], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no environment: {_last_line(made.stderr or made.stdout)}"
    pip = [str(_python_of(home)), "-m", "pip", "install", "--quiet"]
    for arguments in (["--upgrade", "pip"], requirements):
        done = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"not installable: {_last_line(done.stderr)}"
    return None


def _python_of(home: Path) -> Path:
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("WARNING")]
    return lines[-1].strip() if lines else "no message"


def _versions(python: Path, shown: Sequence[str]) -> dict[str, str]:
    code = (
        "import importlib.metadata as m, json, platform, sys;"
        "print(json.dumps({'Python': platform.python_version(), **{n: m.version(n) for n in sys.argv[1:]}}))"
    )
    asked = subprocess.run([str(python), "-c", code, *shown], capture_output=True, text=True, check=True)
    versions: dict[str, str] = json.loads(asked.stdout)
    return versions
