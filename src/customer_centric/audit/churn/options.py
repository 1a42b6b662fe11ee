"""The arguments of the command line that ask who leaves."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

__all__: list[str] = []

DESCRIPTION = """\
Who leaves: the churn rate of the last 12 months of subscriptions, customers lost over
customers on average, with its interval; the same by every published definition, month
by month, and how long customers stay. It needs no transactions. A report is printed,
and written as one HTML page.
"""

EXAMPLES = """\
example:
  python -m customer_centric churn subscriptions.csv --customer id --begins from \\
      --ends until --end 2024-12-31 --output churn.html

exit codes: 0 done; 1 it could not be written; 2 wrong arguments or data.
"""


class Asked(Protocol):
    """What the command line says about subscriptions."""

    subscriptions: Path | None
    begins: str | None
    ends: str | None
    subscription_customer: str | None
    grace_days: int | None
    subscription_time_zone: str | None


def add_to_audit(audit: argparse.ArgumentParser) -> None:
    """The options of an audit."""
    group = audit.add_argument_group("who leaves, where there are contracts")
    group.add_argument(
        "--subscriptions",
        type=Path,
        metavar="FILE",
        help="subscriptions, one a row: CSV or Parquet; --begins and --ends go with it",
    )
    group.add_argument("--begins", metavar="COLUMN", help="column of the first day of a subscription")
    group.add_argument(
        "--ends", metavar="COLUMN", help="column of the first day without it, empty where it goes on"
    )
    group.add_argument(
        "--subscription-customer",
        metavar="COLUMN",
        help="column of customer ids; by default that of --customer",
    )
    group.add_argument("--grace-days", type=_days, metavar="DAYS", help=_GRACE)
    group.add_argument(
        "--subscription-time-zone", metavar="ZONE", help="zone whose days count, for instants: Europe/Berlin"
    )


def add_to_churn(churn: argparse.ArgumentParser, day: Callable[[str], dt.date]) -> None:
    """The arguments of the command of its own."""
    group = churn.add_argument_group("what to read")
    group.add_argument(
        "subscriptions",
        type=Path,
        metavar="FILE",
        help="subscriptions, one a row: CSV, or Parquet with the extra 'parquet'",
    )
    group.add_argument("--customer", metavar="COLUMN", required=True, help="column of customer ids")
    group.add_argument(
        "--begins", metavar="COLUMN", required=True, help="column of the first day of a subscription"
    )
    group.add_argument(
        "--ends",
        metavar="COLUMN",
        required=True,
        help="column of the first day without it, empty where the subscription goes on",
    )
    group.add_argument(
        "--end", type=day, metavar="DAY", required=True, help="last day the file covers completely"
    )
    group.add_argument("--grace-days", type=_days, metavar="DAYS", help=_GRACE)
    group.add_argument("--time-zone", metavar="ZONE", help="zone whose days count, for instants")


_GRACE = "a pause of at most so many days between subscriptions of a customer is no churn; default: 0"


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a whole number of days, 0 or more, got {text!r}")
    return int(text)


def check_contracts(asked: Asked, parser: argparse.ArgumentParser) -> None:
    """End the program where the options of an audit do not go together."""
    options = spoken(asked)
    given = [name for name, value in options.items() if value is not None and name != "--subscriptions"]
    if asked.subscriptions is None:
        if given:
            parser.error(
                f"{', '.join(given)}: asks about subscriptions, and there are none; --subscriptions FILE "
                "has them"
            )
        return
    if missing := [name for name in ("--begins", "--ends") if options[name] is None]:
        parser.error(f"required with --subscriptions: {', '.join(missing)}")
    check_columns({name: options[name] for name in ("--begins", "--ends", "--subscription-customer")}, parser)


def check_columns(columns: Mapping[str, object], parser: argparse.ArgumentParser) -> None:
    """End the program where two options name one column."""
    named: dict[object, str] = {}
    for option, column in columns.items():
        if column is not None and named.setdefault(column, option) != option:
            parser.error(f"{named[column]}, {option}: must be different columns, got {column!r} for both")


def spoken(asked: Asked) -> dict[str, object]:
    """What was said about subscriptions, option by option."""
    return {
        "--subscriptions": asked.subscriptions,
        "--begins": asked.begins,
        "--ends": asked.ends,
        "--subscription-customer": asked.subscription_customer,
        "--grace-days": asked.grace_days,
        "--subscription-time-zone": asked.subscription_time_zone,
    }
