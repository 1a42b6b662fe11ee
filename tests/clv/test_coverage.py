"""What became of every row and customer, and how it reads."""

from __future__ import annotations

from datetime import date

from clv._logs import Row, pandas_log
from customer_centric.clv import Coverage, PurchaseTiming, summarise_transactions

ROWS = [
    Row("a", date(2024, 1, 1), 10.0),
    Row("a", date(2024, 1, 1), 2.0),
    Row("a", date(2024, 1, 9), -1.0),
    Row("a", date(2024, 1, 9), 3.0),
    Row("b", date(2024, 1, 2), 5.0),
    Row("b", date(2024, 1, 2), -5.0),
    Row("c", date(2024, 1, 3), 1.0),
    Row("c", date(2024, 1, 5), 0.0),
    Row("d", date(2024, 3, 1), 1.0),
    Row("e", date(2024, 4, 1), 1.0),
]


def coverage() -> Coverage:
    return summarise_transactions(
        pandas_log(ROWS),
        customer="id",
        date="when",
        amount="paid",
        end="2024-03-31",
        calibration_end="2024-02-01",
        unit="week",
        refunds="net",
    ).coverage()


def test_reads_as_a_list_of_what_happened() -> None:
    assert repr(coverage()).splitlines() == [
        "Coverage",
        "  10  transactions read",
        "   1  after 2024-03-31, left out",
        "   2  refunds, netted within their purchase",
        "   1  amounts of zero, kept as purchases",
        "   3  merged into a purchase of the same day",
        "   6  purchases",
        "   1  purchases of which refunds left nothing, left out",
        "   5  customers read",
        "   1  customers first seen after 2024-03-31, left out",
        "   1  customers left without a purchase, left out",
        "   1  customers first seen after calibration (2024-02-01), left out",
        "   2  customers with a history",
        "   2  of them with a repeat purchase",
        "   1  of these with nothing spent on it, not used for spend",
    ]


def test_every_row_and_customer_is_somewhere() -> None:
    found = coverage()
    assert found.n_rows == found.n_rows_after_end + found.n_rows_used
    assert found.n_rows_merged == found.n_rows_used - found.n_purchases
    assert found.n_customers_read == 2 + 1 + 1 + 1


def test_timing_is_by_period_from_the_first_purchase() -> None:
    timing = summarise_transactions(
        pandas_log(
            [
                Row("a", date(2024, 1, 3), 1.0),
                Row("a", date(2024, 1, 16), 1.0),
                Row("b", date(2024, 1, 9), 1.0),
            ]
        ),
        customer="id",
        date="when",
        end="2024-01-31",
        unit="week",
        period="week",
    ).timing()
    assert isinstance(timing, PurchaseTiming)
    assert timing.first_period == date(2024, 1, 1)
    assert timing.first_purchases.tolist() == [1, 1, 0, 0, 0]
    assert timing.repeat_purchases.tolist() == [0, 0, 1, 0, 0]
    assert timing.n_calibration == 5
