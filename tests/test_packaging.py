"""What a person gets who installs the package."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from importlib.resources import files

import customer_centric
from source import ROOT, SOURCE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirement_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0] for requirement in requirements}


def test_version_is_one() -> None:
    """The installed version, the attribute and the newest entry of the changelog agree."""
    assert distribution("customer_centric").version == customer_centric.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[([^\]]+)\]", changelog, flags=re.MULTILINE)
    assert customer_centric.__version__ in versions[:2]


def test_every_file_is_installed() -> None:
    """Data, their provenance and the typing marker travel with the code."""
    installed = files("customer_centric")
    wanted = {
        path.relative_to(SOURCE)
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    missing = [path.as_posix() for path in wanted if not installed.joinpath(*path.parts).is_file()]
    assert not missing
    assert installed.joinpath("py.typed").is_file()


def test_dependencies_have_a_lowest_version_and_no_highest() -> None:
    """A lowest version is tested by CI; a cap only keeps people from upgrading."""
    extras = PROJECT["optional-dependencies"].values()
    for requirement in [*PROJECT["dependencies"], *(r for extra in extras for r in extra)]:
        assert re.fullmatch(r"[\w-]+(\[\w+\])?>=[\d.]+", requirement), requirement


def test_the_test_extra_holds_what_other_extras_need() -> None:
    """Nothing is skipped for an extra that is not installed."""
    extras = PROJECT["optional-dependencies"]
    assert requirement_names([*extras["plot"], *extras["parquet"]]) <= requirement_names(extras["test"])


def test_optional_engines_are_not_needed_to_import() -> None:
    """Everything but the drawing imports without the extras."""
    blocked = ("polars", "pyarrow", "duckdb", "matplotlib")
    program = (
        "import sys\n"
        f"for name in {blocked}: sys.modules[name] = None\n"
        "import customer_centric as cc\n"
        "for name in dir(cc):\n"
        "    if name != 'plot': getattr(cc, name)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
