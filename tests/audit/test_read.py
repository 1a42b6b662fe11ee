"""Files become frames without losing a zero, and every file that cannot be read says why."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from customer_centric.audit.read import columns_of, read_ratings, read_transactions
from customer_centric.errors import InvalidInputError, MissingColumnError, MissingDependencyError

CSV = "id,when,paid,shop\n007,2024-01-05,10.5,a\nNA,2024-02-01,0,b\n007,2024-03-01,-3,c\n"


def read(path: Path, amount: str | None = "paid") -> pd.DataFrame:
    return read_transactions(path, customer="id", date="when", amount=amount)


def written(tmp_path: Path, text: str | bytes, name: str = "log.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_keeps_ids_and_dates_as_text(tmp_path: Path, separator: str) -> None:
    frame = read(written(tmp_path, CSV.replace(",", separator)))
    assert list(frame.columns) == ["id", "when", "paid"]
    assert frame["id"].tolist() == ["007", "NA", "007"]
    assert frame["when"].tolist()[0] == "2024-01-05"
    assert frame["paid"].tolist() == [10.5, 0.0, -3.0]


def test_csv_may_be_compressed_and_start_with_a_byte_order_mark(tmp_path: Path) -> None:
    frame = read(written(tmp_path, gzip.compress(b"\xef\xbb\xbf" + CSV.encode()), "log.csv.gz"))
    assert len(frame) == 3


def test_amounts_may_be_left_out(tmp_path: Path) -> None:
    assert list(read(written(tmp_path, CSV), amount=None).columns) == ["id", "when"]


def test_an_empty_field_is_missing_not_a_customer(tmp_path: Path) -> None:
    frame = read(written(tmp_path, "id,when,paid\n,2024-01-05,1\n"))
    assert frame["id"].isna().tolist() == [True]


def test_parquet_gives_the_same_customers(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    days = pd.to_datetime(["2024-01-05"])
    pd.DataFrame({"id": ["007"], "when": days, "paid": [1.5], "more": [1]}).to_parquet(path)
    frame = read(path)
    assert list(frame.columns) == ["id", "when", "paid"]
    assert frame["id"].tolist() == ["007"]


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    path = written(tmp_path, b"PAR1", "log.parquet")
    with pytest.raises(MissingDependencyError, match=r"pip install 'customer_centric\[parquet\]'"):
        read(path)


def test_missing_columns_list_those_that_are_there(tmp_path: Path) -> None:
    message = r"column 'paid' must be in the file, which has 'id', 'when', 'price'"
    with pytest.raises(MissingColumnError, match=message):
        read(written(tmp_path, "id;when;price\n1;2024-01-01;3\n"))
    path = tmp_path / "log.pq"
    pd.DataFrame({"id": [1], "when": ["2024-01-01"], "price": [3]}).to_parquet(path)
    with pytest.raises(MissingColumnError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'.*log.csv' must have a header and rows, got an empty file"),
        (b"id,when,paid\n\xff\xfe,2024-01-01,1\n", "'.*log.csv' must be text in UTF-8; save it as UTF-8"),
        (
            "id,when,paid\n1,2024-01-01,1\n2,2024-01-01,1,50\n",
            "'.*log.csv' could not be read: .*Expected 3 fields in line 3, saw 4",
        ),
        (
            "id,when,paid\n1,2024-01-01,1,50\n2,2024-01-01,1,50\n",
            "'.*log.csv' must have as many fields in a row as in the header, got more",
        ),
        (
            'id,when,paid\n1,2024-01-01,1\n2,2024-01-01,"1,50"\n3,2024-01-01,€5\n',
            r"amounts must be numbers with .*, got '1,50' in row 2 of column 'paid' \(2 of 3 rows\)",
        ),
        (
            "id,when,paid\n1,2024-01-01,True\n",
            "amounts must be numbers with a decimal point, got 'True' in row 1",
        ),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read(written(tmp_path, text))


def test_broken_parquet_and_archives_say_why(tmp_path: Path) -> None:
    for name in ("log.parquet", "log.csv.gz"):
        with pytest.raises(InvalidInputError, match=f"'.*{name}' could not be read: "):
            read(written(tmp_path, b"nonsense", name))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"the transactions must be in a file, got '.*nowhere\.csv'"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(InvalidInputError, match="which is not one"):
        read(tmp_path)


# ── Ratings ─────────────────────────────────────────────────────────────────────────────────────────

RATINGS = "id;when;score;plan\n007;2024-01-05;10;NA\n8;;;b\n9;2024-02-01;0;\n"


@pytest.mark.parametrize("packed", [False, True])
def test_ratings_are_numbers_and_the_rest_is_text(tmp_path: Path, packed: bool) -> None:
    text, name = RATINGS.encode(), "survey.csv"
    path = written(tmp_path, gzip.compress(text) if packed else text, f"{name}.gz" if packed else name)
    frame = read_ratings(path, rating="score", others=["id", "when", "plan"])
    assert list(frame.columns) == ["score", "id", "when", "plan"]
    np.testing.assert_array_equal(frame["score"], [10.0, np.nan, 0.0])
    assert frame["id"].tolist() == ["007", "8", "9"]
    assert frame["plan"].tolist()[0] == "NA"
    assert frame["plan"].isna().tolist() == [False, False, True]
    assert columns_of(path) == ["id", "when", "score", "plan"]


def test_ratings_from_parquet(tmp_path: Path) -> None:
    path = tmp_path / "survey.pq"
    pd.DataFrame({"score": pd.array([10, None, 3], dtype="Int64"), "id": [1, 2, 3]}).to_parquet(path)
    frame = read_ratings(path, rating="score", others=["id"])
    np.testing.assert_array_equal(frame["score"], [10.0, np.nan, 3.0])
    assert columns_of(path) == ["score", "id"]


def test_ratings_that_are_all_missing_are_read(tmp_path: Path) -> None:
    frame = read_ratings(written(tmp_path, "score,x\n,1\n,2\n"), rating="score")
    assert frame["score"].isna().all()
    assert frame["score"].dtype == np.float64


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            ["10", "n/a", "x"],
            r"got 'n/a' in row 2 of column 'score' \(2 of 3 rows\); correct them, and leave",
        ),
        (["10", "11", "3"], r"got 11 in row 2 of column 'score' \(1 of 3 rows\)"),
        (["8.5", "", "3"], r"got 8\.5 in row 1 of column 'score' \(1 of 3 rows\)"),
        (["-1", "3", "-1"], r"got -1 in row 1 of column 'score' \(2 of 3 rows\)"),
        (["True", "False", "True"], r"got 'True' in row 1 of column 'score' \(3 of 3 rows\)"),
        (["inf", "3", "3"], r"got inf in row 1"),
    ],
)
def test_answers_off_the_scale_are_refused_with_their_row(
    tmp_path: Path, values: list[str], message: str
) -> None:
    path = written(tmp_path, "score,x\n" + "".join(f"{value},1\n" for value in values))
    with pytest.raises(InvalidInputError, match=f"^ratings must be whole numbers from 0 to 10, {message}"):
        read_ratings(path, rating="score")


def test_ratings_files_that_hold_nothing_say_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"survey\.csv' must have a header and rows, got no rows"):
        read_ratings(written(tmp_path, "score\n", "survey.csv"), rating="score")
    with pytest.raises(InvalidInputError, match=r"the ratings must be in a file, got '.*nowhere\.csv'"):
        read_ratings(tmp_path / "nowhere.csv", rating="score")
    with pytest.raises(MissingColumnError, match=r"column 'plan' must be in the file, which has 'score'"):
        read_ratings(written(tmp_path, "score\n9\n"), rating="score", others=["plan"])
