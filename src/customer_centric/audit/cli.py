"""The command line: `python -m customer_centric`."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from customer_centric.audit.churn.html import render_churn_html
from customer_centric.audit.churn.options import spoken
from customer_centric.audit.churn.question import ContractQuestion
from customer_centric.audit.churn.report import contract_mapping
from customer_centric.audit.churn.run import run_churn
from customer_centric.audit.churn.text import render_churn_text
from customer_centric.audit.html import render_html
from customer_centric.audit.journey.html import render_journey_html
from customer_centric.audit.journey.options import schema_of
from customer_centric.audit.journey.options import spoken as spoken_of_events
from customer_centric.audit.journey.question import JourneyQuestion
from customer_centric.audit.journey.report import journey_mapping
from customer_centric.audit.journey.run import run_journey
from customer_centric.audit.journey.text import render_journey_text
from customer_centric.audit.options import PROGRAM, Arguments, Sample, command_line, parse
from customer_centric.audit.plain import JsonValue
from customer_centric.audit.read import (
    columns_of,
    read_events,
    read_ratings,
    read_subscriptions,
    read_transactions,
)
from customer_centric.audit.report import report_mapping
from customer_centric.audit.run import Audit, run_audit
from customer_centric.audit.survey.html import render_survey_html
from customer_centric.audit.survey.question import SurveyQuestion
from customer_centric.audit.survey.report import survey_mapping
from customer_centric.audit.survey.run import run_survey
from customer_centric.audit.survey.text import render_survey_text
from customer_centric.audit.text import render_text
from customer_centric.datasets import load_cdnow_sample
from customer_centric.errors import ConvergenceError, InvalidInputError, MissingDependencyError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands behind the name of the program; `sys.argv[1:]` by default.

    Returns
    -------
    int
        0 when the audit is written, 1 when there is no result or it could not be written, 2 when the
        arguments or the data are wrong.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        asked = parse(given)
        return {"audit": _audit, "nps": _nps, "churn": _churn, "journey": _journey}[asked.command](asked)
    except SystemExit as leaving:  # how argparse ends after --help and after a mistake
        return leaving.code if isinstance(leaving.code, int) else 2
    except (InvalidInputError, MissingDependencyError) as error:
        return _fail(error, 2)
    except ConvergenceError as error:
        return _fail(error, 1)
    except BrokenPipeError:
        # Whoever reads the output has read enough. What is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return _fail("stopped", 130)


def _fail(error: object, code: int) -> int:
    _say(sys.stderr, f"{PROGRAM}: error: {' '.join(str(error).split())}\n")
    return code


def _say(stream: TextIO, text: str) -> None:
    """Write, replacing what the encoding of the stream does not have."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


# ── Running it ──────────────────────────────────────────────────────────────────────────────────────


def _audit(arguments: Arguments) -> int:
    with _reporting(arguments) as (output, progress):
        audit = _run(arguments, progress)
        progress("Writing the page")
        write_whole(output, render_html(audit.report, audit.charts, missing_charts=audit.missing_charts))
    text = "" if arguments.json else render_text(audit.report)
    _print(arguments, text, report_mapping(audit.report), audit.missing_charts, output)
    return 0


def _nps(arguments: Arguments) -> int:
    with _reporting(arguments) as (output, progress):
        progress("Reading the ratings")
        question = _question(arguments, arguments.rating_customer)
        audit = run_survey(question, command=_command(arguments, {}), progress=progress)
        progress("Writing the page")
        page = render_survey_html(audit.report, audit.charts, missing_charts=audit.missing_charts)
        write_whole(output, page)
    text = "" if arguments.json else render_survey_text(audit.report)
    _print(arguments, text, survey_mapping(audit.report), audit.missing_charts, output)
    return 0


def _churn(arguments: Arguments) -> int:
    with _reporting(arguments) as (output, progress):
        progress("Reading the subscriptions")
        question = _contracts(
            arguments, cast("str", arguments.customer), cast("dt.date", arguments.end), arguments.time_zone
        )
        command = command_line(
            "churn",
            arguments.subscriptions,
            {
                "--customer": arguments.customer,
                "--begins": arguments.begins,
                "--ends": arguments.ends,
                "--end": arguments.end,
                "--grace-days": arguments.grace_days,
                "--time-zone": arguments.time_zone,
            },
        )
        audit = run_churn(question, command=command, progress=progress)
        progress("Writing the page")
        page = render_churn_html(audit.report, audit.charts, missing_charts=audit.missing_charts)
        write_whole(output, page)
    text = "" if arguments.json else render_churn_text(audit.report)
    _print(arguments, text, contract_mapping(audit.report), audit.missing_charts, output)
    return 0


def _journey(arguments: Arguments) -> int:
    with _reporting(arguments) as (output, progress):
        progress("Reading the events")
        said = {**spoken_of_events(arguments, end="--end"), "--events": None}
        command = command_line("journey", arguments.events, said)
        audit = run_journey(_journeys(arguments), command=command, progress=progress)
        progress("Writing the page")
        page = render_journey_html(audit.report, audit.charts, missing_charts=audit.missing_charts)
        write_whole(output, page)
    text = "" if arguments.json else render_journey_text(audit.report)
    _print(arguments, text, journey_mapping(audit.report), audit.missing_charts, output)
    return 0


@contextmanager
def _reporting(arguments: Arguments) -> Generator[tuple[Path, _Progress]]:
    """Where the page goes, checked before the work, and who is told of it."""
    output = arguments.output.absolute()
    _check_writable(output)
    progress = _Progress(sys.stderr, active=not arguments.quiet and sys.stderr.isatty())
    try:
        yield output, progress
    finally:
        progress.clear()


def _print(
    arguments: Arguments, text: str, numbers: Mapping[str, JsonValue], missing_charts: str, output: Path
) -> None:
    if arguments.json:
        mapping = {**numbers, "page": str(output)}
        _say(sys.stdout, json.dumps(mapping, indent=2, allow_nan=False) + "\n")
    elif not arguments.quiet:
        _say(sys.stdout, text)
        if missing_charts:
            _say(sys.stdout, f"\n{missing_charts}\n")
        _say(sys.stdout, f"\nThe page is in {output}\n")


def _question(arguments: Arguments, customer: str | None) -> SurveyQuestion:
    path, rating = cast("Path", arguments.ratings), cast("str", arguments.rating)
    others = (arguments.answered, arguments.rating_group, customer)
    return SurveyQuestion(
        survey=read_ratings(path, rating=rating, others=[name for name in others if name is not None]),
        rating=rating,
        answered=arguments.answered,
        group=arguments.rating_group,
        customer=customer,
        wave=arguments.wave,
        time_zone=arguments.rating_time_zone,
        source=str(path),
    )


def _survey(arguments: Arguments, customer: str) -> SurveyQuestion | None:
    """The ratings of an audit; their customers have the name that they have in the log, or another."""
    if arguments.ratings is None:
        return None
    named = arguments.rating_customer
    if named is None and arguments.ratings.is_file() and customer in columns_of(arguments.ratings):
        named = customer
    return _question(arguments, named)


def _contracts(arguments: Arguments, customer: str, end: dt.date, time_zone: str | None) -> ContractQuestion:
    path, begins, ends = (
        cast("Path", arguments.subscriptions),
        cast("str", arguments.begins),
        cast("str", arguments.ends),
    )
    return ContractQuestion(
        subscriptions=read_subscriptions(path, customer=customer, begins=begins, ends=ends),
        customer=customer,
        begins=begins,
        ends=ends,
        end=end,
        grace_days=arguments.grace_days or 0,
        time_zone=time_zone,
        source=str(path),
    )


def _journeys(arguments: Arguments) -> JourneyQuestion:
    path = cast("Path", arguments.events)
    # A file that is not there is named by the reader.
    columns = columns_of(path) if path.is_file() else []
    schema = schema_of(columns, arguments.event_columns or ())
    return JourneyQuestion(
        events=read_events(path, schema.named()),
        schema=schema,
        goal=tuple(arguments.goal or ()),
        lost=tuple(arguments.lost or ()),
        contact=tuple(arguments.contact or ()),
        closed_after=arguments.closed_after,
        end=arguments.event_end,
        steps=tuple(arguments.steps or ()),
        prerequisites=dict(arguments.prerequisites or ()),
        value=arguments.value,
        source=str(path),
    )


def _command(arguments: Arguments, options: Mapping[str, object]) -> str:
    """The command that asks the same again."""
    about_ratings = {
        "--ratings": arguments.ratings if arguments.command == "audit" else None,
        "--rating": arguments.rating,
        "--answered": arguments.answered,
        "--rating-group": arguments.rating_group,
        "--rating-customer": arguments.rating_customer,
        "--wave": arguments.wave,
        "--rating-time-zone": arguments.rating_time_zone,
    }
    if arguments.command == "nps":
        return command_line("nps", arguments.ratings, {**options, **about_ratings})
    about_events = spoken_of_events(arguments)
    said = {**options, **spoken(arguments), **about_ratings, **about_events}
    return command_line("audit", arguments.file, said)


def _run(arguments: Arguments, progress: Callable[[str], None]) -> Audit:
    progress("Reading the transactions")
    own = arguments.file is not None
    customer, day, amount = (
        (cast("str", arguments.customer), cast("str", arguments.date), arguments.amount)
        if own
        else (Sample.customer, Sample.date, Sample.amount)
    )
    log = (
        read_transactions(cast("Path", arguments.file), customer=customer, date=day, amount=amount)
        if own
        else load_cdnow_sample()
    )
    survey = _survey(arguments, customer)
    end = Sample.end if arguments.end is None else arguments.end
    contracts = None
    if arguments.subscriptions is not None:
        named = arguments.subscription_customer or customer
        contracts = _contracts(arguments, named, end, arguments.subscription_time_zone)
    split = arguments.calibration_end
    if not own and split is None and end == Sample.end:
        split = Sample.calibration_end
    unit = arguments.unit or Sample.unit
    margin = Sample.margin if arguments.margin is None else arguments.margin
    rate = Sample.discount_rate if arguments.discount_rate is None else arguments.discount_rate
    return run_audit(
        log,
        customer=customer,
        date=day,
        amount=amount,
        end=end,
        unit=unit,
        margin=margin,
        discount_rate=rate,
        calibration_end=split,
        horizon=arguments.horizon,
        refunds=arguments.refunds,
        zero_amounts=arguments.zero_amounts,
        time_zone=arguments.time_zone,
        source=str(arguments.file) if own else Sample.source,
        tiers=arguments.tiers,
        acquisition_cost=arguments.acquisition_cost,
        contracts=contracts,
        survey=survey,
        journeys=None if arguments.events is None else _journeys(arguments),
        command=_command(
            arguments,
            {
                "--customer": arguments.customer,
                "--date": arguments.date,
                "--amount": arguments.amount,
                "--end": end,
                "--unit": unit,
                "--margin": margin,
                "--discount-rate": rate,
                "--calibration-end": split,
                "--horizon": arguments.horizon,
                "--refunds": arguments.refunds,
                "--zero-amounts": arguments.zero_amounts,
                "--time-zone": arguments.time_zone,
                "--tiers": None
                if arguments.tiers is None
                else ",".join(f"{cut:.15g}" for cut in arguments.tiers),
                "--acquisition-cost": arguments.acquisition_cost,
            },
        ),
        progress=progress,
    )


class _Progress:
    """One line on a terminal that says what is being done; nothing anywhere else."""

    def __init__(self, stream: TextIO, *, active: bool) -> None:
        self._stream = stream
        self._active = active

    def __call__(self, doing: str) -> None:
        if self._active:
            _say(self._stream, f"\r\x1b[K{doing} ...")

    def clear(self) -> None:
        if self._active:
            _say(self._stream, "\r\x1b[K")


def _check_writable(output: Path) -> None:
    if output.is_dir():
        raise InvalidInputError(f"--output must be a file, got the folder {str(output)!r}")
    if not output.parent.is_dir():
        raise InvalidInputError(f"--output must be in a folder that exists, got {str(output.parent)!r}")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is either the new one or, after any failure, the old one.

    Parameters
    ----------
    path : Path
        The file; a link is followed.
    text : str
        What it will hold, in UTF-8.

    Raises
    ------
    OSError
        If it cannot be written; the old file is as it was.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        # A name from the file system may hold bytes that are no characters: they are shown escaped.
        with draft.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.write(text)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
