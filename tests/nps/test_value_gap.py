"""Value beside what customers say: by hand, identities, who is counted where, edges, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import wilson_interval
from effort import examples
from nps._links import bounds, survey_frame, value_gap

CUSTOMERS = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 100_000).map(lambda cents: cents / 100)),
    min_size=1,
    max_size=20,
)


def values_frame(values: list[float], *, customers: list[str] | None = None) -> pd.DataFrame:
    ids = [f"c{i:03}" for i in range(len(values))] if customers is None else customers
    return pd.DataFrame({"id": ids, "clv": np.array(values, dtype=float)})


# ── Numbers by hand and from others ─────────────────────────────────────────────────────────────────


def test_shares_means_and_the_gap_by_hand() -> None:
    survey = survey_frame([10, 9, 7, 2])
    found = value_gap(survey, values_frame([300, 100, 60, 40, 90]))
    frame = found.frame.set_index("nps_class")
    assert frame["mean"].tolist() == [40.0, 60.0, 200.0]
    assert frame["customer_share"].tolist() == [0.25, 0.25, 0.5]
    assert frame["value_share"].tolist() == pytest.approx([0.08, 0.12, 0.8])
    assert found.difference == 160.0
    lower, upper = wilson_interval([1, 1, 2], 4)
    assert frame["customer_share_lower"].tolist() == pytest.approx(lower.tolist())
    assert frame["customer_share_upper"].tolist() == pytest.approx(upper.tolist())


def test_who_is_on_one_side_only_is_counted() -> None:
    survey = survey_frame([10, 9, 7, 2, None], customers=["a", "b", "c", "d", "e"])
    found = value_gap(survey, values_frame([300, 100, 60, 5], customers=["a", "b", "x", "e"]))
    assert (found.n, found.n_without_value, found.n_without_answer, found.n_missing) == (2, 2, 2, 1)
    off = value_gap(
        survey.assign(rating=[10, 9, 7, 2, 50]), values_frame([1.0], customers=["a"]), invalid="missing"
    )
    assert (off.n_invalid, off.n_missing) == (1, 0)


def test_bounds_of_the_value_share_are_those_of_a_ratio_of_means() -> None:
    """Linearised: the standard error of the mean of the residuals, over the mean value."""
    rng = np.random.default_rng(5)
    ratings, values = rng.integers(0, 11, 200), rng.gamma(1, 100, 200)
    frame = value_gap(survey_frame(ratings.tolist()), values_frame(values.tolist())).frame
    promoters = (ratings >= 9).astype(float)
    share = (values * promoters).sum() / values.sum()
    error = stats.sem(values * (promoters - share)) / values.mean()
    odds = math.log(share / (1 - share))
    reach = 1.959964 * error / (share * (1 - share))
    expected = [1 / (1 + math.exp(-(odds + side * reach))) for side in (-1, 0, 1)]
    row = frame.iloc[2][["value_share_lower", "value_share", "value_share_upper"]].tolist()
    assert row == pytest.approx(expected, rel=1e-6)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(CUSTOMERS)
@examples(15)
def test_shares_add_up_and_bounds_hold_them(customers: list[tuple[int, float]]) -> None:
    ratings, values = (list(column) for column in zip(*customers, strict=True))
    found = value_gap(survey_frame(ratings), values_frame(values))
    frame = found.frame
    assert frame["customer_share"].sum() == pytest.approx(1.0)
    assert frame["n"].sum() == found.n == len(customers)
    assert (frame["customer_share_lower"] < frame["customer_share_upper"]).all()
    if sum(values) > 0:
        assert frame["value_share"].sum() == pytest.approx(1.0)
        assert (frame["value_share_lower"] <= frame["value_share"]).all()
        assert (frame["value_share"] <= frame["value_share_upper"]).all()
        assert (frame["value_share_lower"] < frame["value_share_upper"]).all()
        # Relative to the customers they are, a class holds its mean over the overall mean.
        present = frame[frame["n"] > 0]
        relative = present["value_share"] / present["customer_share"]
        np.testing.assert_allclose(relative, present["mean"] / np.mean(values), rtol=1e-9, atol=1e-12)
    assert found.difference_interval.lower < found.difference_interval.upper


def test_the_order_of_rows_changes_nothing() -> None:
    survey, values = survey_frame([10, 9, 7, 2, 3]), values_frame([300.0, 100.0, 60.0, 40.0, 7.0])
    first = value_gap(survey, values)
    second = value_gap(survey.iloc[::-1].reset_index(drop=True), values.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(first.frame, second.frame)


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_all_of_one_class_hold_all_value_as_far_as_is_known() -> None:
    found = value_gap(survey_frame([10] * 5), values_frame([1.0, 2.0, 3.0, 4.0, 5.0]))
    frame = found.frame
    assert frame["value_share"].tolist() == [0.0, 0.0, 1.0]
    assert frame["value_share_lower"].tolist()[2] == pytest.approx(float(wilson_interval(5, 5)[0]))
    assert math.isnan(found.difference)
    assert found.reason == "no detractor and no passive is left"


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [5.0, -1.0, 3.0]])
def test_losses_and_nothing_have_no_shares(values: list[float]) -> None:
    found = value_gap(survey_frame([10, 3, 7]), values_frame(values))
    assert found.frame["value_share"].isna().all()
    assert found.frame["value_share_lower"].tolist() == [0.0] * 3
    assert "so that none has a share" in str(found.reason)
    assert found.difference == values[0] - values[1]


def test_one_customer() -> None:
    found = value_gap(survey_frame([10]), values_frame([5.0]))
    assert (found.n, found.frame["mean"].tolist()[2]) == (1, 5.0)
    assert bounds(found.difference_interval) == (-math.inf, math.inf)


def test_the_result_reads_as_an_association() -> None:
    text = str(value_gap(survey_frame([10, 9, 3, 2]), values_frame([5.0, 9.0, 1.0, 3.0])))
    assert text.startswith("A promoter is worth 5.00 more than a detractor (95 % interval ")
    assert "an association among those who answered" in text


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────

SURVEY, VALUES = survey_frame([10, 3]), values_frame([5.0, 3.0])


@pytest.mark.parametrize(
    ("survey", "values", "changes", "message"),
    [
        (
            survey_frame([10, 3, 9], customers=["a", "b", "a"]),
            VALUES,
            {},
            (
                r"`survey` must have one row a customer \(`customer` \(column 'id'\)\), got more for 'a' "
                r"\(1 of 2 customers\); keep the answer that counts"
            ),
        ),
        (
            SURVEY,
            values_frame([5.0, 3.0, 1.0], customers=["c000", "y", "y"]),
            {},
            r"`values` must have one row a customer .*, got more for 'y' \(1 of 2 customers\); add up",
        ),
        (
            SURVEY,
            values_frame([5.0], customers=["z"]),
            {},
            "at least one answer of a customer whose value is known",
        ),
        (
            SURVEY,
            values_frame([5.0, math.inf]),
            {},
            r"`value` \(column 'clv'\) must be finite numbers, got inf",
        ),
        (SURVEY, VALUES, {"confidence_level": 1}, "`confidence_level` must be"),
        (survey_frame([None, None]), VALUES, {}, "at least one answer of a customer whose value is known"),
    ],
)
def test_what_cannot_be_is_refused(survey: Any, values: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        value_gap(survey, values, **changes)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingColumnError, match="`value` must be a column of the frame, got 'ltv'"):
        value_gap(SURVEY, VALUES, value="ltv")
