"""Reading transactions, ratings, subscriptions and events from files."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from numbers import Real
from pathlib import Path
from typing import Protocol, cast

import pandas as pd

from customer_centric.errors import InvalidInputError, MissingColumnError, MissingDependencyError
from customer_centric.nps.scale import NPS_SCALE

__all__: list[str] = []

_SEPARATORS = (",", ";", "\t", "|")
_PARQUET = {".parquet", ".pq"}


def read_transactions(path: Path, *, customer: str, date: str, amount: str | None) -> pd.DataFrame:
    """The columns of an audit from a CSV or Parquet file.

    Parameters
    ----------
    path : Path
        A Parquet file where the name ends in `.parquet` or `.pq`, else a CSV file in UTF-8, plain or
        compressed, with a header and columns separated by comma, semicolon, tab or bar.
    customer, date : str
        Names of the columns. From a CSV file both are read as text, so that ids keep their zeros and
        dates are parsed in one place only.
    amount : str or None
        Name of the column of amounts, numbers with a decimal point.

    Returns
    -------
    pandas.DataFrame
        The named columns.

    Raises
    ------
    InvalidInputError
        If the file is missing, empty or cannot be read, or an amount is not a number.
    MissingColumnError
        If a column is not in the file.
    MissingDependencyError
        If the file is Parquet and PyArrow is not installed.
    """
    names = [customer, date] if amount is None else [customer, date, amount]
    frame = _read(path, "transactions", names, text=(customer, date))
    if amount is not None and not _is_parquet(path):
        _check_amounts(frame[amount])
    return frame


def read_ratings(path: Path, *, rating: str, others: Sequence[str] = ()) -> pd.DataFrame:
    """The columns of a survey from a CSV or Parquet file.

    Parameters
    ----------
    path : Path
        A file as `read_transactions` takes it.
    rating : str
        Name of the column of answers: whole numbers from 0 to 10, empty where there is none.
    others : sequence of str, optional
        Names of other columns to read; from a CSV file as text.

    Returns
    -------
    pandas.DataFrame
        The named columns; answers as float64, NaN where there is none.

    Raises
    ------
    InvalidInputError
        If the file is missing, empty or cannot be read, or an answer is not on the scale.
    MissingColumnError
        If a column is not in the file.
    MissingDependencyError
        If the file is Parquet and PyArrow is not installed.
    """
    frame = _read(path, "ratings", [rating, *others], text=others)
    if frame.empty:
        raise InvalidInputError(f"{str(path)!r} must have a header and rows, got no rows")
    return frame.assign(**{rating: _checked_ratings(frame[rating])})


def read_subscriptions(path: Path, *, customer: str, begins: str, ends: str) -> pd.DataFrame:
    """The columns of subscriptions from a CSV or Parquet file.

    Parameters
    ----------
    path : Path
        A file as `read_transactions` takes it.
    customer, begins, ends : str
        Names of the columns; from a CSV file all are read as text. An end is empty where the subscription
        goes on.

    Returns
    -------
    pandas.DataFrame
        The named columns.

    Raises
    ------
    InvalidInputError
        If the file is missing, empty or cannot be read.
    MissingColumnError
        If a column is not in the file.
    MissingDependencyError
        If the file is Parquet and PyArrow is not installed.
    """
    names = [customer, begins, ends]
    frame = _read(path, "subscriptions", names, text=names)
    if frame.empty:
        raise InvalidInputError(f"{str(path)!r} must have a header and rows, got no rows")
    return frame


def read_events(path: Path, roles: Mapping[str, str]) -> pd.DataFrame:
    """The columns of events from a CSV or Parquet file.

    Parameters
    ----------
    path : Path
        A file as `read_transactions` takes it.
    roles : mapping from str to str
        Columns by what they mean, as `EventSchema.named` gives them. From a CSV file all but numbers and
        marks are read as text; moments are written as 2024-12-31T23:59:58, all with an offset or all without.

    Returns
    -------
    pandas.DataFrame
        The named columns, with the moments as datetimes.

    Raises
    ------
    InvalidInputError
        If the file is missing, empty or cannot be read, a moment is not one, or some have an offset.
    MissingColumnError
        If a column is not in the file.
    MissingDependencyError
        If the file is Parquet and PyArrow is not installed.
    """
    text = [column for role, column in roles.items() if role not in _EVENT_NUMBERS]
    frame = _read(path, "events", list(roles.values()), text=text)
    if frame.empty:
        raise InvalidInputError(f"{str(path)!r} must have a header and rows, got no rows")
    moment = roles["timestamp"]
    if pd.api.types.is_datetime64_any_dtype(frame[moment]):
        return frame
    return frame.assign(**{moment: _moments(frame[moment])})


_EVENT_NUMBERS = {"order", "price", "amount", "emotion", "is_bot"}


def _moments(written: pd.Series) -> pd.Series:
    """Text as datetimes; those with offsets as moments of UTC."""
    # What follows the day says whether there is an offset; the day has hyphens of its own.
    offset = written.astype("str").str.slice(10).str.contains(r"[zZ+-]", regex=True) & written.notna()
    if offset.any() and not offset.loc[written.notna()].all():
        raise InvalidInputError(
            f"moments must be all with an offset or all without, got {int(offset.sum())} of {len(written)} "
            f"rows of column {str(written.name)!r} with one"
        )
    moments = pd.to_datetime(written, format="ISO8601", utc=bool(offset.any()), errors="coerce")
    wrong = moments.isna().to_numpy()
    if wrong.any():
        first = int(wrong.argmax())
        raise InvalidInputError(
            f"moments must be written as 2024-12-31T23:59:58, got {str(written.iloc[first])!r} in row "
            f"{first + 1} of column {str(written.name)!r} ({int(wrong.sum())} of {len(written)} rows)"
        )
    return moments


def columns_of(path: Path) -> list[str]:
    """Names of the columns of a file; of a CSV file under the separator that gives the most."""
    with _explained(path):
        if _is_parquet(path):
            return _parquet().read_schema(str(path)).names
        return max(_headers(path).values(), key=len)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in _PARQUET


def _read(path: Path, what: str, names: Sequence[str], text: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        raise InvalidInputError(f"the {what} must be in a file, got {str(path)!r}, which is not one")
    with _explained(path):
        return _read_parquet(path, names) if _is_parquet(path) else _read_csv(path, names, text)


@contextmanager
def _explained(path: Path) -> Generator[None]:
    try:
        yield
    except InvalidInputError:
        raise
    except UnicodeDecodeError:
        raise InvalidInputError(f"{str(path)!r} must be text in UTF-8; save it as UTF-8") from None
    except pd.errors.EmptyDataError:
        raise InvalidInputError(f"{str(path)!r} must have a header and rows, got an empty file") from None
    except (ValueError, OSError) as error:
        # The readers (pandas, PyArrow, the decompressors) have no common class of errors below these.
        reason = " ".join(str(error).split())
        raise InvalidInputError(f"{str(path)!r} could not be read: {reason}") from error


def _read_csv(path: Path, names: Sequence[str], text: Sequence[str]) -> pd.DataFrame:
    separator = _separator(path, names)
    # Told that no column holds row names, pandas cuts off what is beyond the header, and warns.
    with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
        try:
            frame = pd.read_csv(
                path,
                sep=separator,
                dtype=dict.fromkeys(text, "str"),
                # Only an empty field is missing: a customer may be called "NA".
                keep_default_na=False,
                na_values=[""],
                index_col=False,
                encoding="utf-8-sig",
            )
        except pd.errors.ParserWarning:
            raise InvalidInputError(
                f"{str(path)!r} must have as many fields in a row as in the header, got more; "
                "quote fields that hold the separator"
            ) from None
    return frame[list(dict.fromkeys(names))]


def _separator(path: Path, names: Sequence[str]) -> str:
    """The separator under which the header has the named columns."""
    headers = _headers(path)
    for separator, header in headers.items():
        if set(names) <= set(header):
            return separator
    raise _missing(names, max(headers.values(), key=len))


def _headers(path: Path) -> dict[str, list[str]]:
    return {
        separator: [
            str(name) for name in pd.read_csv(path, sep=separator, nrows=0, encoding="utf-8-sig").columns
        ]
        for separator in _SEPARATORS
    }


def _missing(names: Sequence[str], columns: Sequence[str]) -> MissingColumnError:
    absent = next(name for name in names if name not in columns)
    return MissingColumnError(
        f"column {absent!r} must be in the file, which has {', '.join(map(repr, columns))}"
    )


def _check_amounts(amounts: pd.Series) -> None:
    if pd.api.types.is_numeric_dtype(amounts) and not pd.api.types.is_bool_dtype(amounts):
        return
    wrong = amounts.notna() & pd.to_numeric(amounts, errors="coerce").isna()
    first = int(wrong.to_numpy().argmax())
    raise InvalidInputError(
        f"amounts must be numbers with a decimal point, got {str(amounts.iloc[first])!r} in row {first + 1} "
        f"of column {str(amounts.name)!r} ({int(wrong.sum())} of {len(amounts)} rows); "
        "remove currency signs and thousands separators"
    )


def _checked_ratings(ratings: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(ratings, errors="coerce").astype("float64")
    if pd.api.types.is_bool_dtype(ratings):
        numbers[:] = float("nan")
    on_scale = numbers.between(NPS_SCALE.minimum, NPS_SCALE.maximum) & (numbers == numbers.round())
    wrong = ratings.notna() & ~on_scale
    if wrong.any():
        first = int(wrong.to_numpy().argmax())
        raise InvalidInputError(
            f"ratings must be whole numbers from {NPS_SCALE.minimum} to {NPS_SCALE.maximum}, got "
            f"{_as_written(ratings.iloc[first])} in row {first + 1} of column {str(ratings.name)!r} "
            f"({int(wrong.sum())} of {len(ratings)} rows); correct them, and leave a field empty where there "
            "is no answer"
        )
    return numbers


def _as_written(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, Real):
        return repr(str(value))
    return f"{float(value):g}"


class _Schema(Protocol):
    names: list[str]


class _Parquet(Protocol):
    def read_schema(self, where: str) -> _Schema: ...


def _parquet() -> _Parquet:
    try:
        return cast("_Parquet", import_module("pyarrow.parquet"))
    except ImportError:
        raise MissingDependencyError(
            "reading Parquet needs PyArrow; install it with: pip install 'customer_centric[parquet]'"
        ) from None


def _read_parquet(path: Path, names: Sequence[str]) -> pd.DataFrame:
    columns = _parquet().read_schema(str(path)).names
    if not set(names) <= set(columns):
        raise _missing(names, columns)
    return pd.read_parquet(path, columns=list(dict.fromkeys(names)), engine="pyarrow")
