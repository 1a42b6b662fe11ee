"""The version of the package, without importing its front door."""

from __future__ import annotations

from importlib import import_module

__all__: list[str] = []


def package_version() -> str:
    """Version of the package."""
    return str(getattr(import_module("customer_centric"), "__version__"))  # noqa: B009 (untyped on purpose)
