"""The arguments of the command line that ask what customers say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from customer_centric.audit.survey.report import Wave

__all__: list[str] = []

DESCRIPTION = """\
What customers say: the Net Promoter Score of their answers from 0 to 10, with the
shares behind it and how sure it is, over time and by group. It needs no transactions.
A report is printed, and written as one HTML page.
"""

EXAMPLES = """\
example:
  python -m customer_centric nps survey.csv --rating score --answered when \\
      --rating-group country --output nps.html

exit codes: 0 done; 1 it could not be written; 2 wrong arguments or data.
"""


class Asked(Protocol):
    """What the command line says about ratings."""

    ratings: Path | None
    rating: str | None
    answered: str | None
    rating_group: str | None
    rating_customer: str | None
    wave: Wave | None
    rating_time_zone: str | None


def add_to_audit(audit: argparse.ArgumentParser) -> None:
    """The options of an audit."""
    group = audit.add_argument_group("what customers say")
    group.add_argument(
        "--ratings",
        type=Path,
        metavar="FILE",
        help="answers, one a row: CSV or Parquet; --rating goes with it",
    )
    group.add_argument(
        "--rating", metavar="COLUMN", help="column of the answers from 0 to 10, empty where none"
    )
    _add_answer_columns(group)


def add_to_nps(nps: argparse.ArgumentParser) -> None:
    """The arguments of the command of its own."""
    group = nps.add_argument_group("what to read")
    group.add_argument(
        "ratings",
        type=Path,
        metavar="FILE",
        help="answers, one a row: CSV, or Parquet with the extra 'parquet'",
    )
    group.add_argument(
        "--rating",
        metavar="COLUMN",
        required=True,
        help="column of the answers from 0 to 10, empty where there is none",
    )
    _add_answer_columns(group)


class _Group(Protocol):
    """Where options are added: `argparse` keeps the name of its class to itself."""

    def add_argument(
        self,
        name: str,
        /,
        *,
        metavar: str = ...,
        choices: Sequence[str] = ...,
        help: str,  # noqa: A002 (its name)
    ) -> object: ...


def _add_answer_columns(group: _Group) -> None:
    group.add_argument(
        "--answered", metavar="COLUMN", help="column of the days of the answers: shows the trend"
    )
    group.add_argument("--rating-group", metavar="COLUMN", help="column of groups of customers to compare")
    group.add_argument(
        "--rating-customer",
        metavar="COLUMN",
        help="column of customer ids; in an audit the name of --customer where the answers have it",
    )
    group.add_argument(
        "--wave",
        choices=("week", "month", "quarter", "year"),
        help="what the trend takes together; default: month, or quarter where they are more than 24",
    )
    group.add_argument(
        "--rating-time-zone", metavar="ZONE", help="zone whose days count, for instants: Europe/Berlin"
    )


def check_ratings(asked: Asked, parser: argparse.ArgumentParser) -> None:
    """End the program where the options do not go together."""
    columns = {
        "--rating": asked.rating,
        "--answered": asked.answered,
        "--rating-group": asked.rating_group,
        "--rating-customer": asked.rating_customer,
    }
    of_days = {"--wave": asked.wave, "--rating-time-zone": asked.rating_time_zone}
    given = [name for name, value in {**columns, **of_days}.items() if value is not None]
    if asked.ratings is None:
        if given:
            parser.error(
                f"{', '.join(given)}: asks about answers, and there are none; --ratings FILE has them"
            )
        return
    if asked.rating is None:
        parser.error("required with --ratings: --rating, the column of the answers")
    if asked.answered is None and (about := [name for name in given if name in of_days]):
        parser.error(f"required with {', '.join(about)}: --answered, the column of the days of the answers")
    named: dict[str, str] = {}
    for option, column in columns.items():
        if column is not None and named.setdefault(column, option) != option:
            parser.error(f"{named[column]}, {option}: must be different columns, got {column!r} for both")
