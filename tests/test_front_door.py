"""`import customer_centric` costs next to nothing, and offers every public name."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import customer_centric
from source import PACKAGE, modules


def test_import_loads_nothing_heavy() -> None:
    """Neither the numerical libraries nor any topic is loaded before something asks for it."""
    program = "import sys, customer_centric; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "pandas", "scipy", "matplotlib", "narwhals", "polars", "pyarrow", "duckdb"}
    assert {name for name in loaded if name.startswith(PACKAGE)} == {PACKAGE}


def test_every_listed_name_resolves() -> None:
    names = dir(customer_centric)
    assert names == sorted(set(names))
    assert not [name for name in names if getattr(customer_centric, name) is None]


@pytest.mark.parametrize("name", ["no_such_name", "_private", "__wrapped__"])
def test_unknown_names_are_attribute_errors(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"^module 'customer_centric' has no attribute '{name}'$"):
        getattr(customer_centric, name)


def test_a_star_import_brings_every_public_name() -> None:
    names: dict[str, object] = {}
    exec("from customer_centric import *", names)
    assert names["fit_mbg_nbd"] is customer_centric.fit_mbg_nbd
    assert set(dir(customer_centric)) - set(names) == {"__version__", *customer_centric._SUBMODULES}


def test_a_name_is_the_same_object_through_both_doors() -> None:
    from customer_centric.errors import InvalidInputError

    assert customer_centric.InvalidInputError is InvalidInputError


def test_each_public_name_has_one_home() -> None:
    """No name is offered by two modules of the front door, so the order they are asked in does not matter."""
    names = [
        name
        for home in customer_centric._HOMES
        for name in importlib.import_module(f"{PACKAGE}.{home}").__all__
    ]
    assert len(names) == len(set(names))


def test_type_checkers_see_the_same_names() -> None:
    """The static imports of the front door are those of its run time."""
    starred = {imported.target for imported in modules()[PACKAGE].imports() if imported.for_types_only}
    assert starred == {f"{PACKAGE}.{home}" for home in customer_centric._HOMES}


def test_submodules_are_those_that_exist() -> None:
    children = {
        name.split(".")[1]
        for name in modules()
        if name.count(".") == 1 and not name.split(".")[1].startswith("_")
    }
    assert set(customer_centric._SUBMODULES) == children
