"""Compute what companies claim: customer lifetime value, churn, NPS, segments and friction.

Public names live in their topic (`customer_centric.clv`, `customer_centric.economics`, ...) and are
also served here, loaded the first time they are asked for, so that `import customer_centric` costs
next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from customer_centric.churn import *
    from customer_centric.clv import *
    from customer_centric.economics import *
    from customer_centric.errors import *
    from customer_centric.fitting import *
    from customer_centric.intervals import *
    from customer_centric.journey import *
    from customer_centric.nps import *
    from customer_centric.segments import *
    from customer_centric.units import *

__version__ = "0.1.0"

# Each public name stands in the `__all__` of exactly one of these; cheap modules are asked first.
_HOMES = (
    "errors",
    "units",
    "intervals",
    "fitting",
    "economics",
    "clv",
    "nps",
    "churn",
    "segments",
    "journey",
)
_SUBMODULES = (*_HOMES, "audit", "datasets", "plot", "simulate", "typing")


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name == "__all__":
        # A star import asks for everything, so this is where everything gets loaded.
        return [public for home in _HOMES for public in import_module(f"{__name__}.{home}").__all__]
    if not name.startswith("_"):
        for home in _HOMES:
            module = import_module(f"{__name__}.{home}")
            if name in module.__all__:
                value: object = getattr(module, name)
                globals()[name] = value
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    names = {"__version__", *_SUBMODULES}
    for home in _HOMES:
        names.update(import_module(f"{__name__}.{home}").__all__)
    return sorted(names)
