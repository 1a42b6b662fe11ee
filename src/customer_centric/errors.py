"""Errors and warnings of the package: each says the rule, the value, the position and the remedy."""

from __future__ import annotations

__all__ = [
    "ConvergenceError",
    "DataWarning",
    "InvalidInputError",
    "MissingColumnError",
    "MissingDependencyError",
    "ModelWarning",
]


class InvalidInputError(ValueError):
    """An argument breaks a stated rule.

    The message names the argument, the rule, the first value that breaks it with its position, how many
    values break it, and the remedy where there is one.
    """


class MissingColumnError(InvalidInputError):
    """A named column is not in the frame; the message lists the columns that are."""


class MissingDependencyError(ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class ConvergenceError(RuntimeError):
    """A fit did not reach an optimum; the message carries the diagnostics. There is no half-fitted state."""


class DataWarning(UserWarning):
    """The data are usable, yet something about them limits what can be concluded."""


class ModelWarning(UserWarning):
    """The model was fitted, yet one of its assumptions looks violated on these data."""
