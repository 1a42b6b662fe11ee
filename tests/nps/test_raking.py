"""Raked weights meet their margins, are the ones closest to the start, and refuse what they cannot meet."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import root

from customer_centric import net_promoter_score
from customer_centric.errors import ConvergenceError, InvalidInputError, MissingColumnError
from customer_centric.intervals import tango_interval
from customer_centric.nps import RakedWeights, rake
from effort import examples

REGIONS, TIERS = ("east", "north", "west"), (1, 2, 3)
Margins = dict[str, dict[Any, float]]


def weights_of(raked: RakedWeights[pd.DataFrame], column: str = "weight") -> np.ndarray[Any, Any]:
    return raked.frame[column].to_numpy()


@st.composite
def surveys(draw: st.DrawFn) -> tuple[pd.DataFrame, Margins]:
    """A small survey, and margins that some weights of its rows have."""
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(REGIONS), st.sampled_from(TIERS), st.booleans()),
            min_size=1,
            max_size=30,
        )
    )
    survey = pd.DataFrame(rows, columns=["region", "tier", "new"]).assign(
        new=lambda frame: frame["new"].map({True: "yes", False: "no"})
    )
    survey["base"] = draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=len(rows), max_size=len(rows)))
    truth = np.array(draw(st.lists(st.integers(2, 8), min_size=len(rows), max_size=len(rows))), dtype=float)
    names = draw(st.lists(st.sampled_from(["region", "tier", "new"]), min_size=1, max_size=3, unique=True))
    margins = {
        name: {label: float(truth[survey[name] == label].sum()) for label in survey[name].unique()}
        for name in names
    }
    return survey, margins


def shares(survey: pd.DataFrame, weights: np.ndarray[Any, Any], name: str) -> dict[Any, float]:
    return {label: weights[survey[name] == label].sum() / weights.sum() for label in survey[name].unique()}


# ── Published and independent numbers ───────────────────────────────────────────────────────────────

# Bishop, Fienberg and Holland (1975), Discrete Multivariate Analysis, section 3.6: age (rows, from 15-19 to
# 50 and over) by marital status (single, married, widowed or divorced), and the adjusted estimates that the
# SAS/IML User's Guide prints for them.
KNOWN = [
    [1306, 83, 0], [619, 765, 3], [263, 1194, 9], [173, 1372, 28],
    [171, 1393, 51], [159, 1372, 81], [208, 1350, 108], [1116, 4100, 2329],
]  # fmt: skip
ADJUSTED = [
    [1325.27, 86.73, 0.00], [615.56, 783.39, 3.05], [253.94, 1187.18, 8.88], [165.13, 1348.55, 27.32],
    [173.41, 1454.71, 52.87], [147.21, 1308.12, 76.67], [202.33, 1352.28, 107.40],
    [1105.16, 4181.04, 2357.81],
]  # fmt: skip
AGES = [1412, 1402, 1450, 1541, 1681, 1532, 1662, 7644]
STATUS = [3988, 11702, 2634]


def test_the_census_table_of_bishop_fienberg_and_holland() -> None:
    """Cell counts enter as weights; the estimates are those of the book to both printed digits."""
    cells = [(age, status, count) for age, row in enumerate(KNOWN) for status, count in enumerate(row)]
    survey = pd.DataFrame(cells, columns=["age", "status", "count"])
    margins = {"age": dict(enumerate(AGES)), "status": dict(enumerate(STATUS))}
    raked = rake(survey, margins, weight="count")
    estimates = weights_of(raked) * sum(AGES) / len(survey)
    assert estimates.reshape(8, 3).round(2).tolist() == ADJUSTED


def test_one_margin_is_post_stratification() -> None:
    survey = pd.DataFrame({"region": ["a"] * 6 + ["b"] * 3 + ["c"]})
    raked = rake(survey, {"region": {"a": 0.3, "b": 0.3, "c": 0.4}})
    expected = [0.3 / 0.6] * 6 + [0.3 / 0.3] * 3 + [0.4 / 0.1]
    np.testing.assert_allclose(weights_of(raked), expected, rtol=1e-12)
    assert raked.n_iterations == 1


def test_a_table_of_two_by_two_keeps_its_odds_ratio() -> None:
    """The closed form: the corner solves a quadratic equation with the odds ratio of the survey."""
    counts = {("a", "x"): 7, ("a", "y"): 9, ("b", "x"): 12, ("b", "y"): 7}
    survey = pd.DataFrame([cell for cell, n in counts.items() for _ in range(n)], columns=["row", "col"])
    raked = rake(survey, {"row": {"a": 5, "b": 15}, "col": {"x": 10, "y": 10}})
    odds = 7 * 7 / (9 * 12)
    # corner (10 - 5 + corner) = odds (5 - corner) (10 - corner), a table of total 20.
    corner = next(x.real for x in np.roots([1 - odds, 5 + 15 * odds, -50 * odds]) if 0 < x.real < 5)
    mine = weights_of(raked)[((survey["row"] == "a") & (survey["col"] == "x")).to_numpy()]
    assert mine.sum() * 20 / 35 == pytest.approx(corner, abs=1e-9)


def slow_rake(survey: pd.DataFrame, margins: Margins, base: list[float]) -> list[float]:
    """Row by row, one label after the other, until nothing moves."""
    weights = list(base)
    for _ in range(2000):
        before = list(weights)
        for name, margin in margins.items():
            whole = sum(margin.values())
            for label, target in margin.items():
                rows = [i for i, value in enumerate(survey[name]) if value == label]
                has = sum(weights[i] for i in rows) / sum(weights)
                odds = target / whole / (1 - target / whole) if target < whole else 1.0
                factor = odds / (has / (1 - has)) if target < whole else 1.0
                for i in rows:
                    weights[i] *= factor
        scale = sum(before) / sum(weights)
        weights = [weight * scale for weight in weights]
        if max(abs(a / b - 1) for a, b in zip(weights, before, strict=True)) < 1e-13:
            break
    mean = sum(weights) / len(weights)
    return [weight / mean for weight in weights]


@examples(25)
@given(surveys())
def test_a_slow_twin_that_moves_one_label_at_a_time(case: tuple[pd.DataFrame, Margins]) -> None:
    """It sets the odds of each label in turn, another road to the same weights."""
    survey, margins = case
    raked = rake(survey, margins, weight="base", tolerance=1e-12)
    expected = slow_rake(survey, margins, survey["base"].tolist())
    np.testing.assert_allclose(weights_of(raked), expected, rtol=1e-6)


@examples(25)
@given(surveys())
def test_weights_are_a_product_of_one_factor_a_label(case: tuple[pd.DataFrame, Margins]) -> None:
    """What makes them the closest: the same equations solved at once by a root finder."""
    survey, margins = case
    columns = [(survey[name] == label).to_numpy(float) for name in margins for label in margins[name]]
    design = np.column_stack(columns)
    targets = np.array([v / sum(m.values()) for m in margins.values() for v in m.values()])
    base = survey["base"].to_numpy() / survey["base"].sum()

    def away(logs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return design.T @ (base * np.exp(design @ logs)) - targets

    found = root(away, np.zeros(targets.size), method="lm", options={"xtol": 1e-14, "ftol": 1e-14})
    expected = base * np.exp(design @ found.x)
    raked = rake(survey, margins, weight="base")
    np.testing.assert_allclose(weights_of(raked) / len(survey), expected, atol=1e-7)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@examples(40)
@given(surveys())
def test_raked_margins_are_the_targets_and_the_mean_is_one(case: tuple[pd.DataFrame, Margins]) -> None:
    survey, margins = case
    raked = rake(survey, margins, weight="base")
    weights = weights_of(raked)
    assert weights.mean() == pytest.approx(1.0, rel=1e-12)
    for name, margin in margins.items():
        found = shares(survey, weights, name)
        for label, target in margin.items():
            assert found[label] == pytest.approx(target / sum(margin.values()), abs=1e-9)
    np.testing.assert_allclose(raked.margins["after"], raked.margins["target"], rtol=1e-9)
    assert raked.largest_error <= 1e-10
    assert raked.design_effect == pytest.approx((weights**2).mean())
    assert raked.effective_n == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert (raked.smallest_weight, raked.largest_weight) == pytest.approx((weights.min(), weights.max()))


@examples(40)
@given(surveys())
def test_raking_again_changes_nothing(case: tuple[pd.DataFrame, Margins]) -> None:
    survey, margins = case
    once = rake(survey, margins, weight="base")
    again = rake(once.frame, margins, weight="weight", column="again")
    assert again.n_iterations == 0
    np.testing.assert_allclose(weights_of(again, "again"), weights_of(once), rtol=1e-12)


@examples(40)
@given(surveys(), st.randoms(use_true_random=False))
def test_the_order_of_margins_labels_and_rows_is_irrelevant(
    case: tuple[pd.DataFrame, Margins], random: Any
) -> None:
    survey, margins = case
    names = list(margins)
    random.shuffle(names)
    turned = {name: dict(reversed(margins[name].items())) for name in names}
    order = list(range(len(survey)))
    random.shuffle(order)
    weights = weights_of(rake(survey, margins, weight="base"))
    moved = rake(survey.iloc[order], turned, weight="base")
    np.testing.assert_allclose(weights_of(moved), weights[order], rtol=1e-12)
    assert moved.frame.index.tolist() == order
    assert list(dict.fromkeys(moved.margins["column"])) == names


@examples(40)
@given(surveys(), st.floats(1e-3, 1e6))
def test_shares_or_counts_and_the_scale_of_weights_are_irrelevant(
    case: tuple[pd.DataFrame, Margins], scale: float
) -> None:
    survey, margins = case
    as_shares = {
        name: {label: value / sum(margin.values()) for label, value in margin.items()}
        for name, margin in margins.items()
    }
    weights = weights_of(rake(survey, margins, weight="base"))
    scaled = survey.assign(base=scale * survey["base"])
    other = rake(scaled, as_shares, weight="base")
    np.testing.assert_allclose(weights_of(other), weights, rtol=1e-9)


@examples(40)
@given(surveys())
def test_a_survey_that_matches_already_keeps_its_weights(case: tuple[pd.DataFrame, Margins]) -> None:
    survey, margins = case
    own = {name: survey[name].value_counts().to_dict() for name in margins}
    raked = rake(survey, own)
    assert raked.n_iterations == 0
    assert raked.design_effect == pytest.approx(1.0)
    np.testing.assert_allclose(weights_of(raked), 1.0, rtol=1e-12)


# ── What comes out ──────────────────────────────────────────────────────────────────────────────────


def test_the_table_of_margins_tells_before_after_and_target() -> None:
    survey = pd.DataFrame({"tier": [1, 1, 2], "region": ["a", "b", "b"]})
    raked = rake(survey, {"tier": {2: 50, 1: 50}, "region": {"a": 40, "b": 60}})
    assert raked.margins[["column", "label", "n"]].values.tolist() == [
        ["tier", 2, 1], ["tier", 1, 2], ["region", "a", 1], ["region", "b", 2],
    ]  # fmt: skip
    np.testing.assert_allclose(raked.margins["before"], [1 / 3, 2 / 3, 1 / 3, 2 / 3])
    np.testing.assert_allclose(raked.margins["target"], [0.5, 0.5, 0.4, 0.6])
    assert str(raked).startswith("3 rows raked to 2 margins in ")
    assert "design effect 1.26, as good as 2 rows of equal weight" in str(raked)


def test_the_survey_itself_is_not_changed() -> None:
    survey = pd.DataFrame({"region": ["a", "b"]})
    rake(survey, {"region": {"a": 0.2, "b": 0.8}})
    assert list(survey.columns) == ["region"]


def test_rows_without_weight_stay_without() -> None:
    survey = pd.DataFrame({"region": ["a", "a", "b"], "base": [0.0, 1.0, 1.0]})
    raked = rake(survey, {"region": {"a": 0.2, "b": 0.8}}, weight="base")
    np.testing.assert_allclose(weights_of(raked), [0.0, 0.6, 2.4])
    assert raked.smallest_weight == 0.0


def test_one_row_weighs_one() -> None:
    raked = rake(pd.DataFrame({"region": ["a"]}), {"region": {"a": 1.0}})
    assert weights_of(raked).tolist() == [1.0]
    assert (raked.design_effect, raked.n_iterations) == (1.0, 0)


def test_intervals_with_raked_weights_hold_where_intervals_without_do_not() -> None:
    """Customers of two years or more answer three times as often, and are happier."""
    rng = np.random.default_rng(20)
    margins = {"age": {"new": 0.6, "old": 0.4}, "plan": {"basic": 0.5, "plus": 0.5}}
    truth = 0.6 * (25 - 45) + 0.4 * (65 - 15)
    runs, held, counts = 120, 0, []
    for _ in range(runs):
        old = rng.random(200) < 0.4 * 3 / (0.6 + 0.4 * 3)
        plan = np.where(rng.random(200) < 0.5, "basic", "plus")
        draw = rng.random(200)
        promoter, detractor = draw < np.where(old, 0.65, 0.25), draw > np.where(old, 0.85, 0.55)
        ratings = np.where(promoter, 10, np.where(detractor, 3, 8))
        survey = pd.DataFrame({"age": np.where(old, "old", "new"), "plan": plan})
        weights = weights_of(rake(survey, margins))
        held += net_promoter_score(ratings, weights=weights).interval.contains(truth)
        counts.append((promoter.sum(), detractor.sum()))
    assert held >= 0.92 * runs
    lower, upper = tango_interval(*np.transpose(counts), 200)
    assert np.mean((100 * lower <= truth) & (truth <= 100 * upper)) <= 0.25


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────

SURVEY = pd.DataFrame(
    {"region": ["a", "a", "b", "c"], "tier": [1, 1, 2, 2], "base": [1.0, 2.0, 1.0, 1.0], "x": [1.5] * 4}
)
THIRDS = {"a": 0.4, "b": 0.3, "c": 0.3}


@pytest.mark.parametrize(
    ("margins", "message"),
    [
        ({}, "`margins` must map at least one column to the shares of its labels, got none"),
        ([("region", THIRDS)], "column to the shares of its labels, got list"),
        ({"region": {}}, "`margins['region']` must map labels to shares or counts, got no labels"),
        ({"region": [1, 2]}, "`margins['region']` must map labels to shares or counts, got list"),
        (
            {"region": THIRDS | {"c": 0.0}},
            "`margins['region']['c']` must be a finite number greater than 0, got 0; leave out labels",
        ),
        (
            {"region": THIRDS | {"c": float("nan")}},
            "`margins['region']['c']` must be a finite number greater than 0, got nan",
        ),
        (
            {"region": {"a": 0.4, "b": 0.3, "c": 0.2}},
            "`margins['region']` must be shares that sum to 1, or counts, got shares that sum to 0.9; divide",
        ),
        (
            {"region": {"a": 400, "b": 300, "c": 300}, "tier": {1: 500, 2: 600}},
            ("`margins` must have the same total in every column, got 1000 for 'region' and 1100 for 'tier'; "
            "give all of them as shares that sum to 1, or all as counts of the same customers"),
        ),
        (
            {"region": THIRDS, "tier": {1: 50, 2: 50}},
            "got 1 for 'region' and 100 for 'tier'",
        ),
        (
            {"region": {"a": 0.4, "b": 0.6}},
            ("`margins['region']` must have a target for each label of the survey, got none for 'c' (1 of 3 "
            "labels, 1 of 4 rows); add it, or merge it in the survey with a label that has one"),
        ),
        (
            {"region": {"a": 0.4, "b": 0.2, "c": 0.2, "d": 0.2}},
            ("`margins['region']` must name labels that rows of the survey have, got 'd', which none has "
            "with a weight above 0 (1 of 4 labels); merge it with a label that is like it"),
        ),
        ({"tier": {"1": 0.4, "2": 0.6}}, "got none for 1 (2 of 2 labels, 4 of 4 rows)"),
        (
            {"x": {1.5: 1.0}},
            ("`margins['x']` (column 'x') must be text, whole numbers or categories, got a column of type "
            "Float64; cast it to text or whole numbers"),
        ),
    ],
)  # fmt: skip
def test_margins_that_cannot_be_met_are_refused(margins: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        rake(SURVEY, margins)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight": "region"}, "must be another column than `margins['region']`, got 'region'"),
        ({"weight": "pay"}, "`weight` must be a column of the frame, got 'pay'; its columns are 'region'"),
        ({"column": "base"}, "`column` must be the name of a new column, got 'base', which the survey has"),
        ({"tolerance": 0.0}, "`tolerance` must be a finite number greater than 0, got 0"),
        ({"max_iterations": 0}, "`max_iterations` must be a whole number at least 1, got 0"),
    ],
)
def test_other_arguments_are_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        rake(SURVEY, {"region": THIRDS}, **arguments)


def test_a_margin_of_a_column_that_is_not_there() -> None:
    with pytest.raises(MissingColumnError, match=re.escape("`margins['regoin']` must be a column of the")):
        rake(SURVEY, {"regoin": THIRDS})


def test_the_counts_of_a_customer_base_may_come_as_they_are() -> None:
    """`value_counts` gives a series."""
    customers = pd.DataFrame({"region": ["a"] * 5 + ["b"] * 3 + ["c"] * 2})
    raked = rake(SURVEY, {"region": customers["region"].value_counts()})
    np.testing.assert_allclose(weights_of(raked), [1.0, 1.0, 1.2, 0.8])
    twice = pd.Series([0.5, 0.3, 0.2], index=["a", "b", "a"])
    with pytest.raises(InvalidInputError, match="must have each label once, got 'a' again"):
        rake(SURVEY, {"region": twice})


@pytest.mark.parametrize(("size", "squares"), [(1e308, "inf"), (1e-200, "0")])
def test_weights_whose_squares_leave_the_floats_are_refused(size: float, squares: str) -> None:
    message = f"`weight` (column 'base') must be numbers whose squares can be added, got .* to {squares};"
    with pytest.raises(InvalidInputError, match=message.replace("(", r"\(").replace(")", r"\)")):
        rake(SURVEY.assign(base=size), {"tier": {1: 0.5, 2: 0.5}}, weight="base")


def test_weights_below_zero_are_refused() -> None:
    survey = SURVEY.assign(base=[1.0, -2.0, 1.0, -1.0])
    message = "`weight` (column 'base') must be finite numbers of 0 or more, got -2 at position 1 (2 of 4"
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        rake(survey, {"region": THIRDS}, weight="base")


def test_an_empty_survey_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`survey` must have at least one row, got none"):
        rake(SURVEY.head(0), {"region": THIRDS})


def test_margins_that_contradict_each_other_do_not_converge() -> None:
    """In tier 1 is nobody but region a, so that its share cannot be larger than that of a."""
    message = re.escape("no weights were found that meet all margins, in 250 iterations: the share of ")
    with pytest.raises(ConvergenceError, match=message + r".*its target 0\..*merge those with few rows"):
        rake(SURVEY, {"region": THIRDS, "tier": {1: 0.7, 2: 0.3}})


def test_labels_may_be_numbers_of_numpy() -> None:
    margins = {"tier": {np.int64(1): np.float32(0.25), np.int64(2): 0.75}}
    np.testing.assert_allclose(weights_of(rake(SURVEY, margins)), [0.5, 0.5, 1.5, 1.5])
    with pytest.raises(InvalidInputError, match=re.escape("got 3, which none has")):
        rake(SURVEY, {"tier": {np.int64(1): 0.2, np.int64(2): 0.2, np.int64(3): 0.6}})


def test_margins_that_are_nearly_contradictory_take_many_sweeps() -> None:
    """Almost everybody should be where almost nobody of the survey is."""
    survey = pd.DataFrame({"row": ["a"] * 50 + ["b"] * 51, "col": ["x"] * 51 + ["y"] * 50})
    raked = rake(survey, {"row": {"a": 0.5, "b": 0.5}, "col": {"x": 0.501, "y": 0.499}})
    assert raked.n_iterations > 1000
    assert raked.largest_error <= 1e-10


def test_too_few_iterations_are_told() -> None:
    survey = pd.DataFrame({"row": list("aaabbb"), "col": list("xxyxyy")})
    margins: Margins = {"row": {"a": 0.3, "b": 0.7}, "col": {"x": 0.6, "y": 0.4}}
    with pytest.raises(ConvergenceError, match="in 2 iterations"):
        rake(survey, margins, max_iterations=2)
    assert rake(survey, margins).n_iterations > 2
