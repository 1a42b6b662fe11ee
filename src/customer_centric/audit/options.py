"""The arguments of the command line: what can be asked, and how mistakes are answered."""

from __future__ import annotations

import argparse
import datetime as dt
import math
import shlex
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, NoReturn, cast

from customer_centric.audit.churn import options as churn_options
from customer_centric.audit.journey import options as journey_options
from customer_centric.audit.survey import options as survey_options
from customer_centric.audit.survey.report import Wave
from customer_centric.audit.version import package_version
from customer_centric.typing import TimeUnit

__all__: list[str] = []

PROGRAM: Final = "python -m customer_centric"

_DESCRIPTION = """\
What the customers in a transaction log are worth: who is still active, how often
they will buy, what each and all of them are worth, and how sure that is.

Without FILE the audit runs on the bundled CDNOW sample (2,357 customers who first
bought CDs in early 1997). A report is printed, and written as one HTML page. With
--ratings it says what customers say, too, and what those who say it are worth; with
--subscriptions it says who leaves, with --events where journeys are lost.
"""

_EXAMPLES = f"""\
examples:
  {PROGRAM}
  {PROGRAM} audit transactions.csv --customer id --date when \\
      --amount paid --end 2024-12-31 --unit week --margin 0.3 --discount-rate 0.1 \\
      --output audit.html
  {PROGRAM} nps survey.csv --rating score --answered when
  {PROGRAM} churn subscriptions.csv --customer id --begins from \\
      --ends until --end 2024-12-31
  {PROGRAM} journey events.csv --goal purchase --closed-after 24h

exit codes: 0 done; 1 no result, or it could not be written; 2 wrong arguments or data.
"""


class Sample:
    """What an audit of the bundled sample states, unless the command says otherwise."""

    source: Final = "the bundled CDNOW sample"
    customer: Final = "customer"
    date: Final = "date"
    amount: Final = "amount"
    end: Final = dt.date(1998, 6, 30)
    calibration_end: Final = dt.date(1997, 9, 30)
    unit: Final[TimeUnit] = "week"
    margin: Final = 0.3
    discount_rate: Final = 0.1


class Arguments(argparse.Namespace):
    """The command line, read."""

    command: Literal["audit", "nps", "churn", "journey"]
    file: Path | None
    customer: str | None
    date: str | None
    amount: str | None
    end: dt.date | None
    unit: TimeUnit | None
    margin: float | None
    discount_rate: float | None
    calibration_end: dt.date | None
    horizon: float | None
    refunds: Literal["raise", "net", "drop"]
    zero_amounts: Literal["keep", "drop"]
    time_zone: str | None
    tiers: tuple[float, ...] | None
    acquisition_cost: float | None
    ratings: Path | None
    rating: str | None
    answered: str | None
    rating_group: str | None
    rating_customer: str | None
    wave: Wave | None
    rating_time_zone: str | None
    subscriptions: Path | None
    begins: str | None
    ends: str | None
    subscription_customer: str | None
    grace_days: int | None
    subscription_time_zone: str | None
    events: Path | None
    goal: list[str] | None
    lost: list[str] | None
    contact: list[str] | None
    closed_after: dt.timedelta | None
    event_columns: list[tuple[str, str]] | None
    event_end: dt.datetime | None
    steps: list[str] | None
    prerequisites: list[tuple[str, str]] | None
    value: float | None
    output: Path
    json: bool
    quiet: bool


def parse(given: list[str]) -> Arguments:
    """The arguments, read and checked; leaves the program where they are wrong."""
    # Options without a command belong to the audit.
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help", "--version"}):
        given = ["audit", *given]
    parser, audit = _parsers()
    arguments = parser.parse_args(given, namespace=Arguments())
    if arguments.json and arguments.quiet:
        audit.error("--json prints the numbers and --quiet prints nothing: give one of them")
    if arguments.command == "audit":
        _check_consistent(arguments, audit)
        churn_options.check_contracts(arguments, audit)
        journey_options.check_events(arguments, audit)
    if arguments.command == "churn":
        columns = {
            "--customer": arguments.customer,
            "--begins": arguments.begins,
            "--ends": arguments.ends,
        }
        churn_options.check_columns(columns, audit)
    elif arguments.command != "journey":
        survey_options.check_ratings(arguments, audit)
    return arguments


class _Parser(argparse.ArgumentParser):
    """A parser that answers a mistake with one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with code 2."""
        self.exit(2, f"{PROGRAM}: error: {message}; --help shows the options\n")


def _parsers() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    parser = _Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [audit [FILE] | nps FILE | churn FILE | journey FILE] [options]",
        description=_DESCRIPTION,
        epilog=f"{_EXAMPLES}\nAll options: {PROGRAM} audit --help, nps --help, churn --help, journey --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"customer_centric {package_version()}")
    commands = parser.add_subparsers(title="commands", metavar="", required=True)
    audit = commands.add_parser(
        "audit",
        usage=f"{PROGRAM} audit [FILE] [options]",
        help="value the customers of a transaction log (the default)",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    audit.set_defaults(command="audit")
    _add_input(audit)
    _add_choices(audit)
    survey_options.add_to_audit(audit)
    churn_options.add_to_audit(audit)
    journey_options.add_to_audit(audit)
    _add_output(audit, "customer_audit.html")
    nps = commands.add_parser(
        "nps",
        usage=f"{PROGRAM} nps FILE --rating COLUMN [options]",
        help="the Net Promoter Score of a survey",
        description=survey_options.DESCRIPTION,
        epilog=survey_options.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    nps.set_defaults(command="nps")
    survey_options.add_to_nps(nps)
    _add_output(nps, "nps_report.html")
    churn = commands.add_parser(
        "churn",
        usage=f"{PROGRAM} churn FILE --customer COLUMN --begins COLUMN --ends COLUMN --end DAY [options]",
        help="the churn rate of subscriptions",
        description=churn_options.DESCRIPTION,
        epilog=churn_options.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    churn.set_defaults(command="churn")
    churn_options.add_to_churn(churn, _day)
    _add_output(churn, "churn_report.html")
    journey = commands.add_parser(
        "journey",
        usage=f"{PROGRAM} journey FILE --goal STEP [options]",
        help="where journeys are lost to friction",
        description=journey_options.DESCRIPTION,
        epilog=journey_options.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    journey.set_defaults(command="journey")
    journey_options.add_to_journey(journey)
    _add_output(journey, "journey_report.html")
    return parser, audit


def _add_input(audit: argparse.ArgumentParser) -> None:
    group = audit.add_argument_group("what to read")
    group.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="transactions, one a row: CSV, or Parquet with the extra 'parquet'; without it, the sample",
    )
    group.add_argument("--customer", metavar="COLUMN", help="column of customer ids")
    group.add_argument("--date", metavar="COLUMN", help="column of dates, as 2024-12-31 or with a time")
    group.add_argument(
        "--amount", metavar="COLUMN", help="column of amounts; without it every purchase counts the same"
    )
    group.add_argument(
        "--refunds",
        choices=("raise", "net", "drop"),
        default="raise",
        help="amounts below 0: refuse them (default), net them within their purchase, or leave them out",
    )
    group.add_argument(
        "--zero-amounts",
        choices=("keep", "drop"),
        default="keep",
        help="amounts of 0: keep them as purchases (default), or leave them out",
    )
    group.add_argument(
        "--time-zone", metavar="ZONE", help="zone whose days count, for instants: Europe/Berlin"
    )


def _add_choices(audit: argparse.ArgumentParser) -> None:
    group = audit.add_argument_group(
        "what to assume", "required with a FILE; in brackets what the sample states"
    )
    group.add_argument(
        "--end", type=_day, metavar="DAY", help=f"last day the log covers completely [{Sample.end}]"
    )
    group.add_argument("--unit", choices=("day", "week", "month"), help=f"unit of time [{Sample.unit}]")
    group.add_argument(
        "--margin",
        type=_number,
        metavar="SHARE",
        help=f"margin as a share of the amount; without --amount, money a purchase [{Sample.margin}]",
    )
    group.add_argument(
        "--discount-rate",
        type=_number,
        metavar="RATE",
        help=f"effective rate a year; 0.1 is 10 %% [{Sample.discount_rate}]",
    )
    more = audit.add_argument_group("what else can be chosen")
    more.add_argument(
        "--calibration-end",
        type=_day,
        metavar="DAY",
        help=(
            "last day that models are fitted on before they are tested on the rest; "
            f"default: two thirds of the observed span [{Sample.calibration_end}]"
        ),
    )
    more.add_argument(
        "--horizon",
        type=_horizon,
        metavar="UNITS",
        help="how much of the future counts, in --unit; default: all of it (infinite)",
    )
    more.add_argument(
        "--tiers",
        type=_thresholds,
        metavar="MONEY,MONEY",
        help="where tiers of lifetime value begin, ascending: 50,500; default: found from the customers",
    )
    more.add_argument(
        "--acquisition-cost",
        type=_cost,
        metavar="MONEY",
        help="what winning a customer costs: adds what a new one is worth beside it",
    )


def _add_output(command: argparse.ArgumentParser, page: str) -> None:
    group = command.add_argument_group("what comes out")
    group.add_argument(
        "--output",
        type=Path,
        default=Path(page),
        metavar="PAGE",
        help=f"the HTML page to write (default: {page})",
    )
    group.add_argument("--json", action="store_true", help="print the numbers as JSON instead of text")
    group.add_argument("--quiet", action="store_true", help="print nothing, only write the page")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a day written as 2024-12-31, got {text!r}") from None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}; 10 % is written 0.1")
    return value


def _horizon(text: str) -> float | None:
    if text == "infinite":
        return None
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"must be greater than 0, or infinite, got {text!r}")
    return value


def _thresholds(text: str) -> tuple[float, ...]:
    cuts = tuple(_number(part) for part in text.split(","))
    if any(later <= earlier for earlier, later in pairwise(cuts)):
        raise argparse.ArgumentTypeError(f"must ascend, as 50,500, got {text!r}")
    return cuts


def _cost(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, got {text!r}")
    return value


def _check_consistent(arguments: Arguments, audit: argparse.ArgumentParser) -> None:
    columns = {"--customer": arguments.customer, "--date": arguments.date}
    required: dict[str, object] = {
        **columns,
        "--end": arguments.end,
        "--unit": arguments.unit,
        "--margin": arguments.margin,
        "--discount-rate": arguments.discount_rate,
    }
    if arguments.file is not None:
        missing = [name for name, value in required.items() if value is None]
        if missing:
            audit.error(f"required with a file of your own: {', '.join(missing)}")
    elif given := [
        name for name, value in {**columns, "--amount": arguments.amount}.items() if value is not None
    ]:
        audit.error(f"{', '.join(given)}: names a column of FILE, and there is none; the sample has its own")


def command_line(command: str, file: Path | None, options: Mapping[str, object]) -> str:
    """The command that says these things, quoted for a shell; what is None is left out.

    Parameters
    ----------
    command : str
        What is run: "audit", "nps", "churn" or "journey".
    file : Path or None
        What it reads; None for the sample.
    options : mapping of str to object
        Options and their values; a tuple is several words.

    Returns
    -------
    str
        One line.
    """
    words = [PROGRAM, command, *([] if file is None else [shlex.quote(str(file))])]
    words += [f"{name} {_quoted(value)}" for name, value in options.items() if value is not None]
    return " ".join(words)


def _quoted(value: object) -> str:
    several = cast("tuple[object, ...]", value if isinstance(value, tuple) else (value,))
    return " ".join(shlex.quote(str(one)) for one in several)
