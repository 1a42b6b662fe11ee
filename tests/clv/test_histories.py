"""Purchase histories: published sums, definitions, laws, and every bad input by its message."""

from __future__ import annotations

import re
import warnings
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv._logs import Row, assert_same_histories, pandas_log, refundable, rows_strategy, slow_histories
from customer_centric.clv import PurchaseHistories, summarise_transactions
from customer_centric.datasets import load_cdnow_sample
from customer_centric.errors import DataWarning, InvalidInputError, MissingColumnError
from effort import examples

MASTER = Path(__file__).parents[1] / "data" / "CDNOW_master.txt.gz"
END = date(2024, 6, 30)
ROWS = [
    Row("b", date(2024, 1, 5), 5.0),
    Row("a", date(2024, 1, 1), 10.0),
    Row("a", date(2024, 1, 15), 7.0),
    Row("a", date(2024, 1, 15), 1.0),
    Row("a", date(2024, 3, 1), 4.0),
]


def summarise(log: Any, **arguments: Any) -> PurchaseHistories[Any]:
    defaults = {"customer": "id", "date": "when", "amount": "paid", "end": END, "unit": "day"}
    return summarise_transactions(log, **(defaults | arguments))


def cdnow(**arguments: Any) -> PurchaseHistories[pd.DataFrame]:
    defaults = {"end": "1998-06-30", "calibration_end": "1997-09-30", "unit": "week"}
    return summarise_transactions(
        load_cdnow_sample(), customer="customer", date="date", amount="amount", **(defaults | arguments)
    )


class TestPublished:
    """Fader, Hardie and Lee (2005), Marketing Science 24(2): the CDNOW sample."""

    def test_sums_of_the_calibration(self) -> None:
        frame = cdnow().frame
        assert len(frame) == 2357
        assert frame["frequency"].sum() == 2457
        assert frame["recency"].sum() == pytest.approx(16135.5714, abs=5e-5)
        assert frame["age"].sum() == pytest.approx(77111.2857, abs=5e-5)
        assert (frame["frequency"] > 0).sum() == 946

    def test_holdout_total(self) -> None:
        histories = cdnow()
        assert histories.frame["frequency_holdout"].sum() == 1882
        assert set(histories.frame["age_holdout"]) == {39.0}

    def test_distinct_histories(self) -> None:
        assert cdnow().sufficient_statistics().weight.size == 1016

    def test_spend_hardly_depends_on_frequency(self) -> None:
        repeat = cdnow().frame.query("frequency > 0")
        assert repeat["frequency"].corr(repeat["mean_spend"]) == pytest.approx(0.1139, abs=5e-5)

    def test_first_customers_of_the_published_table(self) -> None:
        """x, t_x, T and mean spend of the first customer: 2, 30.43, 38.86 and 22.35."""
        first = cdnow().frame.iloc[0]
        assert first["customer"] == "0001"
        assert (first["frequency"], round(first["recency"], 2), round(first["age"], 2)) == (2, 30.43, 38.86)
        assert round(first["mean_spend"], 3) == 22.345

    def test_calendar_weeks_merge_more(self) -> None:
        assert cdnow(period="week").frame["frequency"].sum() == 2216

    def test_zero_amounts_are_purchases_unless_dropped(self) -> None:
        assert cdnow().coverage().n_zero_amounts == 8
        dropped = cdnow(zero_amounts="drop").coverage()
        assert dropped.n_zero_amounts_dropped == 8
        assert dropped.n_rows_used == 6919 - 8

    def test_weekly_tracking_of_actual_purchases(self) -> None:
        """Repeat purchases of weeks 20 to 25 in the walkthrough of the R package BTYD."""
        repeat = cdnow().timing().repeat_purchases
        weekly = repeat.reshape(-1, 7).sum(axis=1)
        assert weekly[19:25].tolist() == [73, 55, 70, 33, 56, 99]

    def test_master_file(self) -> None:
        log = pd.read_csv(MASTER, sep=r"\s+", dtype={"customer_id": str, "date": str})
        histories = summarise_transactions(
            log, customer="customer_id", date="date", amount="dollar_value", end="1998-06-30", unit="week"
        )
        coverage = histories.coverage()
        assert coverage.n_rows == 69_659
        assert coverage.n_customers == 23_570
        assert coverage.n_zero_amounts == 80
        assert coverage.n_rows_merged == 2_068


class TestDefinitions:
    def test_each_customer_is_a_row_by_ascending_id(self) -> None:
        frame = summarise(pandas_log(ROWS)).frame
        assert list(frame["customer"]) == ["a", "b"]
        assert list(frame["frequency"]) == [2, 0]
        assert list(frame["recency"]) == [60.0, 0.0]
        assert list(frame["age"]) == [181.0, 177.0]
        assert frame["mean_spend"].iloc[0] == 6.0
        assert np.isnan(frame["mean_spend"].iloc[1])

    def test_end_is_a_day_of_observation(self) -> None:
        histories = summarise(pandas_log(ROWS), end="2024-03-01")
        assert list(histories.frame["frequency"]) == [2, 0]
        assert histories.end == date(2024, 3, 1)

    def test_transactions_after_the_end_are_left_out_and_counted(self) -> None:
        histories = summarise(pandas_log([*ROWS, Row("c", date(2024, 7, 1), 1.0)]), end="2024-02-29")
        assert list(histories.frame["customer"]) == ["a", "b"]
        assert list(histories.frame["frequency"]) == [1, 0]
        coverage = histories.coverage()
        assert coverage.n_rows_after_end == 2
        assert coverage.n_customers_after_end == 1

    def test_customers_first_seen_after_calibration_are_left_out_and_counted(self) -> None:
        histories = summarise(
            pandas_log([*ROWS, Row("c", date(2024, 3, 1), 1.0)]), calibration_end="2024-02-01"
        )
        assert list(histories.frame["customer"]) == ["a", "b"]
        assert histories.coverage().n_customers_after_calibration == 1
        assert histories.timing().repeat_purchases.sum() == 2

    def test_months_are_differences_of_month_numbers(self) -> None:
        rows = [
            Row("a", date(2023, 12, 31), 1.0),
            Row("a", date(2024, 1, 1), 1.0),
            Row("a", date(2024, 3, 31), 1.0),
        ]
        frame = summarise(pandas_log(rows), period="month", unit="month", end="2024-04-30").frame
        assert (frame["frequency"][0], frame["recency"][0], frame["age"][0]) == (2, 3.0, 4.0)

    def test_weeks_start_on_monday(self) -> None:
        sunday, monday = date(2024, 1, 7), date(2024, 1, 8)
        frame = summarise(
            pandas_log([Row("a", sunday, 1.0), Row("a", monday, 1.0)]),
            period="week",
            unit="week",
            end="2024-01-14",
        ).frame
        assert (frame["frequency"][0], frame["recency"][0], frame["age"][0]) == (1, 1.0, 1.0)

    def test_days_before_1970_count_alike(self) -> None:
        rows = [
            Row("a", date(1969, 12, 28), 1.0),
            Row("a", date(1969, 12, 29), 1.0),
            Row("a", date(1970, 1, 4), 1.0),
        ]
        log = pandas_log(rows)
        assert summarise(log, end="1970-01-31").frame["recency"][0] == 7.0
        assert summarise(log, end="1970-01-31", period="week", unit="week").frame["frequency"][0] == 1

    def test_a_month_has_a_twelfth_of_a_year_of_days(self) -> None:
        frame = summarise(pandas_log(ROWS), unit="month").frame
        assert frame["age"][0] == 181 / (365.25 / 12)

    def test_a_period_that_calibration_cuts_is_a_purchase_on_each_side(self) -> None:
        rows = [
            Row("a", date(2024, 1, 1), 1.0),
            Row("a", date(2024, 1, 9), 2.0),
            Row("a", date(2024, 1, 12), 4.0),
        ]
        histories = summarise(
            pandas_log(rows), period="week", unit="week", calibration_end="2024-01-10", end="2024-01-31"
        )
        frame = histories.frame
        assert (frame["frequency"][0], frame["frequency_holdout"][0]) == (1, 1)
        assert (frame["mean_spend"][0], frame["mean_spend_holdout"][0]) == (2.0, 4.0)
        assert histories.timing().repeat_purchases.tolist() == [0, 2, 0, 0, 0]
        assert histories.timing().n_calibration == 2

    def test_without_amounts_spend_is_missing(self) -> None:
        histories = summarise(pandas_log(ROWS), amount=None)
        assert histories.frame["mean_spend"].isna().all()
        with pytest.raises(InvalidInputError, match="`amount` must be given"):
            histories.spend_statistics()

    def test_a_dear_first_purchase_costs_the_mean_no_digits(self) -> None:
        rows = [
            Row("a", date(2024, 1, 1), 1e15),
            Row("a", date(2024, 1, 2), 0.07),
            Row("a", date(2024, 1, 3), 0.01),
        ]
        assert summarise(pandas_log(rows)).frame["mean_spend"][0] == pytest.approx(0.04, rel=1e-15)

    def test_holdout_statistics_pair_each_history_with_what_followed(self) -> None:
        counts = summarise(pandas_log(ROWS), calibration_end="2024-02-01").holdout_statistics()
        assert counts.frequency.tolist() == [0.0, 1.0]
        assert counts.frequency_holdout.tolist() == [0.0, 1.0]
        assert counts.age_holdout.tolist() == [150.0, 150.0]
        assert counts.n_customers == 2.0

    def test_one_time_customers_and_worthless_purchases_have_no_spend(self) -> None:
        rows = [*ROWS, Row("c", date(2024, 1, 1), 5.0), Row("c", date(2024, 1, 2), 0.0)]
        histories = summarise(pandas_log(rows))
        assert histories.spend_statistics().frequency.tolist() == [2.0]
        assert histories.coverage().n_repeat_customers == 2
        assert histories.coverage().n_customers_zero_spend == 1


class TestRefunds:
    ROWS = (
        Row("a", date(2024, 1, 1), 10.0),
        Row("a", date(2024, 1, 9), 8.0),
        Row("a", date(2024, 1, 9), -3.0),
        Row("b", date(2024, 1, 1), 5.0),
        Row("b", date(2024, 1, 1), -5.0),
    )

    def test_are_refused_unless_said_otherwise(self) -> None:
        message = (
            "`amount` (column 'paid') must be 0 or more, got -3 at position 2 (2 of 5 values); "
            'choose `refunds="net"` to sum them within their purchase or `refunds="drop"` to leave them out'
        )
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            summarise(pandas_log(list(self.ROWS)))

    def test_are_summed_within_their_purchase(self) -> None:
        histories = summarise(pandas_log(list(self.ROWS)), refunds="net")
        assert list(histories.frame["customer"]) == ["a"]
        assert list(histories.frame["mean_spend"]) == [5.0]
        coverage = histories.coverage()
        assert (coverage.n_refunds, coverage.n_purchases, coverage.n_purchases_refunded) == (2, 3, 1)
        assert coverage.n_customers_without_purchase == 1

    def test_are_left_out(self) -> None:
        histories = summarise(pandas_log(list(self.ROWS)), refunds="drop")
        assert list(histories.frame["customer"]) == ["a", "b"]
        assert histories.frame["mean_spend"][0] == 8.0
        assert histories.coverage().n_refunds_dropped == 2

    def test_a_full_refund_in_fractions_leaves_nothing_in_every_order(self) -> None:
        """0.1 + 0.2 - 0.3 is not 0 in floating point."""
        for amounts in ([0.1, 0.2, -0.3], [-0.3, 0.2, 0.1], [0.2, -0.3, 0.1]):
            rows = [Row("a", date(2024, 1, 1), amount) for amount in amounts]
            assert len(summarise(pandas_log(rows), refunds="net").frame) == 0

    def test_a_purchase_of_zero_without_a_refund_stays(self) -> None:
        assert len(summarise(pandas_log([Row("a", date(2024, 1, 1), 0.0)]), refunds="net").frame) == 1


class TestLaws:
    @examples(40)
    @given(
        rows=rows_strategy(amounts=refundable()),
        period=st.sampled_from(["day", "week", "month"]),
        refunds=st.sampled_from(["net", "drop"]),
        zero_amounts=st.sampled_from(["keep", "drop"]),
        calibration_end=st.sampled_from([None, date(2024, 3, 31), date(2024, 4, 10)]),
    )
    def test_agrees_with_a_dictionary(
        self, rows: list[Row], period: Any, refunds: str, zero_amounts: str, calibration_end: date | None
    ) -> None:
        policies: dict[str, Any] = {"refunds": refunds, "zero_amounts": zero_amounts}
        rows = [*rows, Row("b", date(2023, 12, 20), 1.0)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            histories = summarise(
                pandas_log(rows), period=period, unit=period, calibration_end=calibration_end, **policies
            )
        expected = slow_histories(rows, end=END, period=period, calibration_end=calibration_end, **policies)
        assert_same_histories(histories, expected)

    @examples(40)
    @given(rows=rows_strategy(), order=st.randoms(use_true_random=False))
    def test_order_of_rows_changes_no_count_and_money_in_the_last_bits(
        self, rows: list[Row], order: Any
    ) -> None:
        shuffled = rows.copy()
        order.shuffle(shuffled)
        frame, other = (summarise(pandas_log(log), unit="week").frame for log in (rows, shuffled))
        counts = ["customer", "frequency", "recency", "age", "weight"]
        pd.testing.assert_frame_equal(frame[counts], other[counts], check_exact=True)
        np.testing.assert_allclose(frame["mean_spend"], other["mean_spend"], rtol=1e-12)

    @examples(40)
    @given(rows=rows_strategy(), part=st.floats(0.05, 0.95))
    def test_two_transactions_of_a_day_are_one_purchase(self, rows: list[Row], part: float) -> None:
        split = [Row(row.customer, row.day, row.amount * share) for row in rows for share in (part, 1 - part)]
        frame, other = (summarise(pandas_log(log)).frame for log in (rows, split))
        pd.testing.assert_frame_equal(frame, other, rtol=1e-12, check_exact=False)

    @examples(40)
    @given(rows=rows_strategy())
    def test_unit_only_rescales_time(self, rows: list[Row]) -> None:
        days, weeks = (summarise(pandas_log(rows), unit=unit).frame for unit in ("day", "week"))
        for column in ("recency", "age"):
            assert (days[column] / 7 == weeks[column]).all()
        pd.testing.assert_series_equal(days["frequency"], weeks["frequency"])

    @examples(40)
    @given(rows=rows_strategy())
    def test_holdout_continues_the_history(self, rows: list[Row]) -> None:
        """Of customers seen by the end of calibration, both parts together are the whole."""
        rows = [*rows, Row("b", date(2023, 12, 20), 1.0)]
        split = summarise(pandas_log(rows), calibration_end="2024-03-31").frame.set_index("customer")
        whole = summarise(pandas_log(rows)).frame.set_index("customer").loc[split.index]
        assert (split["frequency"] + split["frequency_holdout"] == whole["frequency"]).all()
        assert (split["age"] + split["age_holdout"] == whole["age"]).all()

    @examples(40)
    @given(rows=rows_strategy(amounts=refundable()), refunds=st.sampled_from(["net", "drop"]))
    def test_nothing_is_left_out_uncounted(self, rows: list[Row], refunds: str) -> None:
        rows = [*rows, Row("b", date(2023, 12, 20), 1.0)]
        histories = summarise(
            pandas_log(rows),
            end="2024-05-31",
            calibration_end="2024-03-31",
            refunds=refunds,
            zero_amounts="drop",
        )
        coverage = histories.coverage()
        assert coverage.n_rows == (
            coverage.n_rows_after_end
            + coverage.n_refunds_dropped
            + coverage.n_zero_amounts_dropped
            + coverage.n_rows_used
        )
        assert coverage.n_customers_read == len({row.customer for row in rows})
        assert coverage.n_customers_read == (
            coverage.n_customers_after_end
            + coverage.n_customers_without_purchase
            + coverage.n_customers_after_calibration
            + coverage.n_customers
        )

    @examples(40)
    @given(rows=rows_strategy())
    def test_timing_counts_every_purchase_once(self, rows: list[Row]) -> None:
        rows = [*rows, Row("b", date(2023, 12, 20), 1.0)]
        histories = summarise(pandas_log(rows), calibration_end="2024-03-31")
        timing, frame = histories.timing(), histories.frame
        assert timing.first_purchases.sum() == len(frame)
        assert timing.repeat_purchases[: timing.n_calibration].sum() == frame["frequency"].sum()
        assert timing.repeat_purchases[timing.n_calibration :].sum() == frame["frequency_holdout"].sum()
        assert timing.first_period == date(2023, 12, 20)

    @examples(40)
    @given(rows=rows_strategy())
    def test_the_explanation_ends_in_the_same_numbers(self, rows: list[Row]) -> None:
        histories = summarise(pandas_log(rows))
        for history in histories.frame.itertuples():
            text = histories.explain(history.customer)
            assert f"frequency {history.frequency}:" in text
            assert f"recency {history.recency:.6g} days" in text
            assert f"age {history.age:.6g} days" in text
            if history.frequency:
                assert f"mean_spend {history.mean_spend:.6g}:" in text


class TestNothingOneAndAll:
    def test_an_empty_log_gives_an_empty_frame_with_the_columns(self) -> None:
        histories = summarise(pandas_log([]), calibration_end="2024-01-01")
        assert len(histories.frame) == 0
        assert list(histories.frame.columns) == [
            "customer",
            "frequency",
            "recency",
            "age",
            "mean_spend",
            "weight",
            "frequency_holdout",
            "age_holdout",
            "mean_spend_holdout",
        ]
        assert histories.coverage().n_rows == 0
        for statistics in (
            histories.sufficient_statistics,
            histories.spend_statistics,
            histories.holdout_statistics,
        ):
            with pytest.raises(InvalidInputError, match="at least one customer, got none"):
                statistics()

    def test_one_customer(self) -> None:
        counts = summarise(pandas_log(ROWS[1:])).sufficient_statistics()
        assert (counts.frequency.tolist(), counts.weight.tolist()) == ([2.0], [1.0])

    def test_all_customers_with_one_purchase(self) -> None:
        histories = summarise(pandas_log(ROWS[:2]))
        assert histories.sufficient_statistics().frequency.tolist() == [0.0, 0.0]
        with pytest.raises(
            InvalidInputError,
            match="at least one customer must have repeat purchases worth more than 0, got none",
        ):
            histories.spend_statistics()

    def test_all_amounts_equal(self) -> None:
        rows = [Row(row.customer, row.day, 3.0) for row in ROWS if row.amount != 1.0]
        assert summarise(pandas_log(rows)).spend_statistics().mean_spend.tolist() == [3.0]

    def test_a_million_identical_rows_are_one_purchase(self) -> None:
        log = pd.DataFrame(
            {"id": 7, "when": pd.Timestamp("2024-06-01"), "paid": 0.01}, index=range(1_000_000)
        )
        histories = summarise(log)
        assert histories.frame["frequency"].tolist() == [0]
        assert histories.coverage().n_rows_merged == 999_999

    def test_every_row_may_be_dropped(self) -> None:
        histories = summarise(pandas_log([Row("a", date(2024, 1, 1), 0.0)]), zero_amounts="drop")
        assert len(histories.frame) == 0
        assert histories.coverage().n_customers_without_purchase == 1

    def test_first_purchase_on_the_last_day(self) -> None:
        frame = summarise(pandas_log([Row("a", END, 1.0)])).frame
        assert (frame["recency"][0], frame["age"][0]) == (0.0, 0.0)


class TestBadInput:
    def test_missing_column_lists_the_columns(self) -> None:
        message = (
            "`customer` must be a column of the frame, got 'client'; its columns are 'id', 'when', 'paid'"
        )
        with pytest.raises(MissingColumnError, match=re.escape(message)):
            summarise(pandas_log(ROWS), customer="client")

    def test_one_column_twice(self) -> None:
        message = "`date` must be another column than `customer`, got 'id'"
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            summarise(pandas_log(ROWS), date="id")

    def test_end_before_the_first_purchase(self) -> None:
        message = "`end` must not be before the first purchase (2024-01-01), got 2023-12-31"
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            summarise(pandas_log(ROWS), end="2023-12-31")

    def test_calibration_before_the_first_purchase(self) -> None:
        message = "`calibration_end` must not be before the first purchase (2024-01-01), got 2023-12-31"
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            summarise(pandas_log(ROWS), calibration_end=date(2023, 12, 31))

    def test_calibration_not_before_the_end(self) -> None:
        message = "`calibration_end` must be before `end` (2024-06-30), got 2024-06-30"
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            summarise(pandas_log(ROWS), calibration_end=END)

    @pytest.mark.parametrize("end", ["30/06/2024", "2024-02-30", "2024-06-30T10:00:00Z", "", 20240630, None])
    def test_an_end_that_is_no_day(self, end: Any) -> None:
        with pytest.raises(
            InvalidInputError, match="`end` must be a date or ISO text such as 2024-12-31, got"
        ):
            summarise(pandas_log(ROWS), end=end)

    def test_an_end_may_be_a_datetime_without_a_zone(self) -> None:
        assert summarise(pandas_log(ROWS), end=datetime(2024, 6, 30, 12)).end == END
        with pytest.raises(InvalidInputError, match="with a time zone; pass its date"):
            summarise(pandas_log(ROWS), end=pd.Timestamp("2024-06-30", tz="UTC"))

    @pytest.mark.parametrize("unit", ["day", "month"])
    def test_a_unit_other_than_the_week_that_merges(self, unit: str) -> None:
        message = f"`unit` must be the period ('week') where purchases are merged by week, got '{unit}'"
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            summarise(pandas_log(ROWS), period="week", unit=unit)

    @pytest.mark.parametrize("name", ["unit", "period", "refunds", "zero_amounts"])
    def test_an_unknown_choice(self, name: str) -> None:
        with pytest.raises(InvalidInputError, match=f"`{name}` must be one of .*, got 'year'"):
            summarise(pandas_log(ROWS), **{name: "year"})

    def test_an_unknown_customer_to_explain(self) -> None:
        with pytest.raises(InvalidInputError, match="`customer` must be an id of the log, got 'x'"):
            summarise(pandas_log(ROWS)).explain("x")

    def test_no_holdout(self) -> None:
        with pytest.raises(InvalidInputError, match="`calibration_end` must be given"):
            summarise(pandas_log(ROWS)).holdout_statistics()

    def test_counts_that_cannot_be_poisson(self) -> None:
        rows = [Row("a", date(2024, 6, day), 1.0) for day in range(1, 20)]
        with pytest.warns(
            DataWarning, match=r"customers buy in 0\.62 of their days .* opportunities"
        ) as record:
            summarise(pandas_log(rows))
        assert record[0].filename == __file__

    def test_a_few_purchases_say_nothing_about_poisson(self) -> None:
        summarise(pandas_log([Row("a", date(2024, 6, day), 1.0) for day in range(1, 11)]), end="2024-06-12")

    def test_the_warning_about_longer_periods_names_a_shorter_one(self) -> None:
        rows = [Row(name, date(2024, month, 1), 1.0) for month in range(1, 7) for name in "abc"]
        with pytest.warns(DataWarning, match='a shorter `period`, such as "day"'):
            summarise(pandas_log(rows), period="month", unit="month")


class TestExplanation:
    def test_says_what_became_of_every_transaction(self) -> None:
        rows = [
            *ROWS,
            Row("a", date(2024, 4, 1), 2.0),
            Row("a", date(2024, 4, 1), -2.0),
            Row("a", date(2024, 5, 20), 9.0),
            Row("a", date(2024, 8, 1), 9.0),
        ]
        text = summarise(pandas_log(rows), refunds="net", calibration_end="2024-05-01").explain("a")
        assert text.splitlines() == [
            "Customer 'a': 8 transactions read",
            "  2024-08-01  left out: after the end of observation (2024-06-30)",
            "  2024-01-01         10.00  first purchase: starts the age, counts in no mean",
            "  2024-01-15          8.00  repeat purchase, 2 transactions of one day merged",
            "  2024-03-01          4.00  repeat purchase",
            "  2024-04-01          0.00  refunds left nothing: no purchase, 2 transactions of one day merged",
            "  2024-05-20          9.00  holdout",
            "frequency 2: 3 purchases less the first",
            "recency 60 days: 2024-01-01 to 2024-03-01",
            "age 121 days: 2024-01-01 to 2024-05-01",
            "mean_spend 6: mean of 2 repeat purchases",
            "frequency_holdout 1: purchases after 2024-05-01",
            "age_holdout 60 days: 2024-05-01 to 2024-06-30",
            "mean_spend_holdout 9: mean of 1 holdout purchase",
        ]

    def test_says_why_there_is_no_history(self) -> None:
        rows = [*ROWS, Row("late", date(2024, 5, 1), 1.0), Row("gone", date(2024, 5, 1), 0.0)]
        histories = summarise(
            pandas_log(rows), calibration_end="2024-04-01", zero_amounts="drop", amount="paid"
        )
        assert histories.explain("late").endswith("no history: the first purchase is after 2024-04-01")
        assert "left out: an amount of zero" in histories.explain("gone")
        assert histories.explain("gone").endswith("no history: no purchase is left")
        assert "mean_spend missing: no repeat purchase" in histories.explain("b")

    def test_shortens_a_long_history(self) -> None:
        rows = [
            Row("a", date(2023, 1 + day // 28, 1 + day % 28), -1.0 if day % 2 else 1.0) for day in range(120)
        ]
        text = summarise(pandas_log(rows), refunds="drop", amount="paid").explain("a")
        assert "left out: a refund" in text
        assert "... 20 more ..." in text
        assert len(text.splitlines()) < 100

    def test_without_amounts_there_is_no_money(self) -> None:
        assert "mean_spend" not in summarise(pandas_log(ROWS), amount=None).explain("a")


class TestFromArrays:
    def test_are_histories_like_any_other(self) -> None:
        histories = PurchaseHistories.from_arrays(
            [2, 0], [30.0, 0.0], [38.0, 38.0], [22.35, np.nan], unit="week", weights=[1, 3]
        )
        assert (histories.end, histories.calibration_end, histories.unit) == (None, None, "week")
        assert histories.frame.to_dict("list") | {"mean_spend": None} == {
            "customer": [0, 1],
            "frequency": [2, 0],
            "recency": [30.0, 0.0],
            "age": [38.0, 38.0],
            "mean_spend": None,
            "weight": [1.0, 3.0],
        }
        assert histories.sufficient_statistics().weight.tolist() == [3.0, 1.0]
        assert histories.spend_statistics().mean_spend.tolist() == [22.35]

    def test_may_have_a_holdout(self) -> None:
        histories = PurchaseHistories.from_arrays(
            [1, 1],
            [3, 3],
            [5, 5],
            unit="week",
            frequency_holdout=[2, 0],
            age_holdout=4,
            mean_spend_holdout=[9.0, 0.0],
        )
        counts = histories.holdout_statistics()
        assert counts.frequency_holdout.tolist() == [0.0, 2.0]
        assert counts.age_holdout.tolist() == [4.0, 4.0]
        assert counts.calibration.weight.tolist() == [2.0]
        assert histories.frame["mean_spend_holdout"].iloc[0] == 9.0

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            (([1], [4], [3]), "`recency` must be at most `age`, got 4 at position 0 (1 of 1 values)"),
            (([0], [2], [3]), "`recency` must be 0 where `frequency` is 0, got 2 at position 0"),
            (([0.5], [0], [3]), "`frequency` must be a whole number at least 0, got 0.5 at position 0"),
            (([-1], [0], [3]), "`frequency` must be a whole number at least 0, got -1"),
            (([1], [1], [np.inf]), "`age` must be a finite number at least 0, got inf"),
            (
                ([1], [1], [2], [np.nan]),
                "`mean_spend` must be a finite number at least 0 where there are purchases",
            ),
            (([1, 2], [1, 1], [2, 2, 2]), "lengths must agree or be 1"),
        ],
    )
    def test_refuse_impossible_histories(self, arrays: tuple[Any, ...], message: str) -> None:
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            PurchaseHistories.from_arrays(*arrays, unit="week")

    def test_a_holdout_needs_its_length(self) -> None:
        with pytest.raises(InvalidInputError, match="must be given together, got one of them"):
            PurchaseHistories.from_arrays([1], [1], [2], unit="week", frequency_holdout=[1])
        with pytest.raises(InvalidInputError, match="must be given with `frequency_holdout`, got it alone"):
            PurchaseHistories.from_arrays([1], [1], [2], unit="week", mean_spend_holdout=[1.0])

    def test_know_no_transactions(self) -> None:
        histories = PurchaseHistories.from_arrays([1], [1], [2], unit="week")
        for ask in (histories.coverage, histories.timing, lambda: histories.explain(0)):
            with pytest.raises(InvalidInputError, match="must come from `summarise_transactions`"):
                ask()
        with pytest.raises(InvalidInputError, match="`mean_spend` to `from_arrays`"):
            histories.spend_statistics()
        with pytest.raises(InvalidInputError, match="`frequency_holdout` and `age_holdout` to `from_arrays`"):
            histories.holdout_statistics()

    @given(
        histories=st.lists(
            st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 30), st.integers(0, 3)),
            min_size=1,
        )
    )
    def test_a_weight_is_so_many_copies(self, histories: list[tuple[int, int, int, int]]) -> None:
        rows = [(x, t if x else 0, t + more, weight) for x, t, more, weight in histories]
        rows.append((0, 0, 1, 1))
        x, recency, age, weights = (np.array(column) for column in zip(*rows, strict=True))
        weighted = PurchaseHistories.from_arrays(x, recency / 7, age / 7, unit="week", weights=weights)
        copies = PurchaseHistories.from_arrays(
            *(np.repeat(column, weights) for column in (x, recency / 7, age / 7)), unit="week"
        )
        for name in ("frequency", "recency", "age", "weight"):
            left, right = (getattr(h.sufficient_statistics(), name) for h in (weighted, copies))
            assert left.tolist() == right.tolist()
