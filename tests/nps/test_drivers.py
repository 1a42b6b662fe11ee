"""What drives the score: numbers computed elsewhere, laws, edges, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import DataWarning, InvalidInputError, MissingColumnError
from customer_centric.nps import DriverImportance, driver_importance
from effort import examples

DRIVERS = ["service", "price", "app"]


def survey_of(seed: int = 1, n: int = 200) -> pd.DataFrame:
    """Answers on a scale from 1 to 5 that share a halo, and a rating from 0 to 10."""
    rng = np.random.default_rng(seed)
    halo = rng.normal(size=n)
    columns = {
        name: np.clip(np.rint(3.5 + halo + rng.normal(size=n)), 1, 5) for name in ("service", "price", "app")
    }
    latent = 2.0 + columns["service"] + 0.5 * columns["price"] + rng.normal(scale=1.5, size=n)
    frame = pd.DataFrame({**columns, "rating": np.clip(np.rint(latent), 0, 10)})
    frame["account"] = rng.integers(0, max(n // 4, 2), n)
    frame["stands_for"] = rng.uniform(0.5, 3.0, n)
    return frame


def importance(frame: pd.DataFrame, **arguments: Any) -> DriverImportance[pd.DataFrame]:
    return driver_importance(frame, **({"outcome": "rating", "drivers": DRIVERS} | arguments))


def by_driver(found: DriverImportance[pd.DataFrame]) -> pd.DataFrame:
    return found.frame.set_index("driver").loc[DRIVERS]


SEEDS = st.integers(0, 2**32 - 1)


# ── Numbers computed elsewhere ──────────────────────────────────────────────────────────────────────


def rows_with_correlations(full: np.ndarray[Any, Any], n: int = 100) -> pd.DataFrame:
    """Rows whose correlations are exactly these."""
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(n, full.shape[0]))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw)).T
    return pd.DataFrame(white @ np.linalg.cholesky(full).T, columns=["X", "M", "Y"])


def test_two_drivers_as_published_by_pingouin_and_relaimpo() -> None:
    """Rows with the correlations of pingouin's mediation example give the documented parts."""
    full = np.array(
        [
            [1.0, 0.5143810696546239, 0.33869891283150894],
            [0.5143810696546239, 1.0, 0.6100458745919254],
            [0.33869891283150894, 0.6100458745919254, 1.0],
        ]
    )
    for method in ("shapley", "relative_weights"):
        found = driver_importance(
            rows_with_correlations(full), outcome="Y", drivers=["X", "M"], method=method
        )
        assert found.frame["driver"].tolist() == ["M", "X"]
        assert found.frame["importance"].tolist() == pytest.approx([0.31521913, 0.05778011], abs=5e-9)
        assert found.r_squared == pytest.approx(0.37299924, abs=5e-9)
        assert found.frame["correlation"].tolist() == pytest.approx(full[[1, 0], 2])


def test_coefficients_are_those_of_least_squares_with_robust_errors() -> None:
    """White's sandwich (HC1), written out."""
    frame = survey_of()
    found = by_driver(importance(frame))
    X = np.column_stack([np.ones(len(frame)), frame[DRIVERS]])
    slope, *_ = np.linalg.lstsq(X, frame["rating"].to_numpy(), rcond=None)
    residual = frame["rating"].to_numpy() - X @ slope
    bread = np.linalg.inv(X.T @ X)
    n, p = X.shape
    covariance = bread @ (X.T * residual**2) @ X @ bread * n / (n - p)
    assert found["coefficient"].tolist() == pytest.approx(slope[1:])
    # The quantile of the t-distribution with 199 degrees of freedom.
    reach = 1.9719565442493954 * np.sqrt(np.diag(covariance))[1:]
    assert found["coefficient_upper"].tolist() == pytest.approx(slope[1:] + reach)
    assert found["coefficient_lower"].tolist() == pytest.approx(slope[1:] - reach)


def test_means_of_drivers_are_their_performance() -> None:
    frame = survey_of()
    found = by_driver(importance(frame))
    error = frame[DRIVERS].std(ddof=1) / np.sqrt(len(frame))
    assert found["performance"].tolist() == pytest.approx(frame[DRIVERS].mean().tolist())
    expected = (frame[DRIVERS].mean() + 1.9719565442493954 * error).tolist()
    assert found["performance_upper"].tolist() == pytest.approx(expected)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@examples(25)
@given(SEEDS, st.sampled_from(["shapley", "relative_weights"]), st.integers(12, 80))
def test_parts_sum_to_r_squared_and_lie_within_their_bounds(seed: int, method: str, n: int) -> None:
    found = importance(survey_of(seed, n), method=method, driver_range=(1, 5))
    table = found.frame
    assert table["importance"].sum() == pytest.approx(found.r_squared)
    assert table["share"].sum() == pytest.approx(1.0)
    assert table["importance"].is_monotonic_decreasing
    assert found.r_squared_interval.contains(found.r_squared)
    for value, low, high in (
        ("importance", "lower", "upper"),
        ("share", "share_lower", "share_upper"),
        ("performance", "performance_lower", "performance_upper"),
        ("coefficient", "coefficient_lower", "coefficient_upper"),
    ):
        assert (table[low] <= table[value]).all()
        assert (table[value] <= table[high]).all()
        assert (table[high] > table[low]).all()
    assert (table["lower"] >= 0).all()
    assert (table["upper"] <= 1).all()
    assert table["performance_lower"].ge(1).all()
    assert table["performance_upper"].le(5).all()


@examples(20)
@given(SEEDS, st.permutations(DRIVERS))
def test_neither_the_order_of_drivers_nor_that_of_rows_matters(seed: int, order: list[str]) -> None:
    frame = survey_of(seed, 60)
    first = importance(frame)
    second = importance(frame.sample(frac=1.0, random_state=seed % 1000), drivers=order)
    pd.testing.assert_frame_equal(by_driver(first), by_driver(second), rtol=1e-8, atol=1e-10)


@examples(20)
@given(SEEDS, st.floats(0.01, 100.0), st.floats(-50.0, 50.0))
def test_the_unit_of_a_driver_changes_nothing_but_its_coefficient(
    seed: int, factor: float, shift: float
) -> None:
    frame = survey_of(seed, 60)
    other = frame.assign(price=factor * frame["price"] + shift)
    kept = ["importance", "lower", "upper", "share", "share_lower", "share_upper", "correlation"]
    found, moved = by_driver(importance(frame)), by_driver(importance(other))
    pd.testing.assert_frame_equal(found[kept], moved[kept], rtol=1e-6, atol=1e-8)
    assert moved["coefficient"]["price"] * factor == pytest.approx(found["coefficient"]["price"], rel=1e-6)


@examples(20)
@given(SEEDS)
def test_weights_count_up_to_a_constant_and_clusters_of_one_are_rows(seed: int) -> None:
    frame = survey_of(seed, 60)
    frame["constant"], frame["alone"] = 7.0, range(60)
    plain = importance(frame).frame
    pd.testing.assert_frame_equal(importance(frame, weight="constant").frame, plain, rtol=1e-9)
    pd.testing.assert_frame_equal(importance(frame, cluster="alone").frame, plain, rtol=1e-9)
    scaled = frame.assign(stands_for=1000.0 * frame["stands_for"])
    pd.testing.assert_frame_equal(
        importance(frame, weight="stands_for").frame,
        importance(scaled, weight="stands_for").frame,
        rtol=1e-9,
    )


def test_a_weight_of_two_gives_the_estimates_of_a_row_seen_twice() -> None:
    """The bounds differ: a weight is not another customer."""
    frame = survey_of()
    frame["weight"] = 1.0 + (frame.index % 2)
    doubled = pd.concat([frame, frame[frame["weight"] == 2]])
    once, twice = by_driver(importance(frame, weight="weight")), by_driver(importance(doubled))
    for name in ("importance", "share", "correlation", "coefficient", "performance"):
        assert once[name].tolist() == pytest.approx(twice[name].tolist())


def test_rows_seen_twice_narrow_the_bounds_unless_they_are_of_one_cluster() -> None:
    frame = survey_of()
    frame["customer"] = range(len(frame))
    doubled = pd.concat([frame, frame])
    width = {
        name: (found.frame["upper"] - found.frame["lower"]).to_numpy()
        for name, found in {
            "once": importance(frame),
            "twice": importance(doubled),
            "clustered": importance(doubled, cluster="customer"),
        }.items()
    }
    assert width["twice"] / width["once"] == pytest.approx(np.full(3, 0.5**0.5), rel=0.05)
    assert width["clustered"] / width["once"] == pytest.approx(np.ones(3), rel=0.02)


# ── How often the bounds hold ───────────────────────────────────────────────────────────────────────


def test_bounds_hold_the_truth_about_as_often_as_they_say() -> None:
    """Also for a driver that has nothing to do with the outcome, whose importance is never 0 in a sample."""
    rng = np.random.default_rng(11)
    truth = np.array([0.3, 0.1, 0.0])
    hits = np.zeros(4)
    for _ in range(300):
        drivers = rng.normal(size=(80, 3))
        outcome = drivers @ np.sqrt(truth) + rng.normal(scale=np.sqrt(1 - truth.sum()), size=80)
        frame = pd.DataFrame(drivers, columns=DRIVERS).assign(rating=outcome)
        found = importance(frame)
        table = by_driver(found)
        hits[:3] += (table["lower"] <= truth) & (truth <= table["upper"])
        hits[3] += found.r_squared_interval.contains(truth.sum())
    assert (hits / 300 >= 0.91).all(), hits / 300


# ── Signs and quadrants ─────────────────────────────────────────────────────────────────────────────


def test_a_suppressor_is_flagged() -> None:
    """Price goes with the rating, and against it once service is held."""
    rng = np.random.default_rng(2)
    price = rng.normal(size=500)
    service = price + 0.5 * rng.normal(size=500)
    frame = pd.DataFrame({"service": service, "price": price, "app": rng.normal(size=500)})
    frame["rating"] = 2.0 * service - price + 0.5 * rng.normal(size=500)
    found = by_driver(importance(frame))
    assert found["suppressor"].tolist() == [False, True, False]
    assert found["direction"]["price"] == "positive"
    assert found["coefficient"]["price"] < 0


def test_the_map_is_relative_to_the_means_and_needs_one_scale() -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(rng.integers(3, 6, size=(300, 3)), columns=DRIVERS)
    frame["price"] -= 2
    frame["rating"] = 2 * frame["service"] + rng.normal(size=300)
    found = by_driver(importance(frame, driver_range=(1, 5)))
    assert found["quadrant"].tolist() == ["keep up the good work", "low priority", "possible overkill"]
    frame["service"] -= 2
    assert by_driver(importance(frame, driver_range=(1, 5)))["quadrant"]["service"] == "concentrate here"
    assert importance(frame).frame["quadrant"].isna().all()
    frame["service"] = 6 - frame["service"]
    turned = by_driver(importance(frame, driver_range=(1, 5)))
    assert turned["direction"]["service"] == "negative"
    assert pd.isna(turned["quadrant"]["service"])


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_incomplete_rows_are_left_out_and_counted() -> None:
    frame = survey_of()
    frame.loc[3, "price"] = np.nan
    frame.loc[[5, 7], "rating"] = np.nan
    found = importance(frame)
    assert (found.n, found.n_left_out) == (197, 3)
    pd.testing.assert_frame_equal(found.frame, importance(frame.drop(index=[3, 5, 7])).frame)


def test_many_incomplete_rows_are_warned_of() -> None:
    frame = survey_of()
    frame.loc[frame.index[:41], "app"] = np.nan
    with pytest.warns(DataWarning, match="41 of 200 rows miss the outcome or a driver and are left out"):
        importance(frame)


def test_a_driver_that_never_varies_says_nothing() -> None:
    found = importance(survey_of().assign(app=4.1), driver_range=(1, 5))
    row = by_driver(found).loc["app"]
    assert row[["importance", "lower", "upper", "performance"]].tolist() == pytest.approx([0, 0, 1, 4.1])
    assert row[["correlation", "coefficient", "direction", "quadrant"]].isna().all()
    assert not row["suppressor"]
    assert 1 <= row["performance_lower"] < 4.1 < row["performance_upper"] <= 5
    free = by_driver(importance(survey_of().assign(app=4.1))).loc["app"]
    assert free[["performance_lower", "performance_upper"]].tolist() == [-np.inf, np.inf]


def test_copies_share_and_keep_their_bounds() -> None:
    frame = survey_of()
    frame["app"] = 2.0 * frame["service"]
    found = by_driver(importance(frame))
    assert found["importance"]["app"] == pytest.approx(found["importance"]["service"])
    assert found["lower"]["app"] == pytest.approx(found["lower"]["service"])
    assert found["lower"]["app"] < found["upper"]["app"]


def test_a_perfect_fit_is_not_certain() -> None:
    frame = survey_of()
    frame["rating"] = frame["service"]
    found = importance(frame, drivers=["service"])
    assert found.r_squared == pytest.approx(1.0)
    assert found.frame["share"].tolist() == [1.0]
    assert 0.95 < found.r_squared_interval.lower < 1.0


def test_one_cluster_says_nothing_about_others() -> None:
    found = importance(survey_of().assign(account=1), cluster="account", driver_range=(1, 5))
    assert found.frame[["lower", "upper"]].to_numpy().tolist() == [[0.0, 1.0]] * 3
    assert (found.r_squared_interval.lower, found.r_squared_interval.upper) == (0.0, 1.0)
    assert found.frame[["performance_lower", "performance_upper"]].to_numpy().tolist() == [[1.0, 5.0]] * 3


def test_as_few_rows_as_are_allowed_give_wide_bounds() -> None:
    found = importance(survey_of(3, 5))
    assert found.n == 5
    assert np.isfinite(found.frame[["lower", "upper"]].to_numpy()).all()
    assert (found.frame["upper"] - found.frame["lower"] > 0.1).all()


def test_an_outcome_that_no_driver_goes_with_has_no_shares() -> None:
    frame = pd.DataFrame({"service": [1.0, 1.0, 2.0, 2.0], "rating": [0.0, 1.0, 0.0, 1.0]})
    found = importance(frame, drivers=["service"])
    assert found.r_squared == 0.0
    assert found.frame["share"].isna().all()
    assert found.frame[["share_lower", "share_upper"]].to_numpy().tolist() == [[0.0, 1.0]]


def test_more_than_15_drivers_draw_orders() -> None:
    rng = np.random.default_rng(4)
    names = [f"d{i}" for i in range(17)]
    frame = pd.DataFrame(rng.normal(size=(150, 17)) + rng.normal(size=(150, 1)), columns=names)
    frame["rating"] = frame["d0"] + frame["d1"] + rng.normal(size=150)
    found = importance(frame, drivers=names, rng=np.random.default_rng(1), n_orders=100)
    again = importance(frame, drivers=names, rng=np.random.default_rng(1), n_orders=100)
    pd.testing.assert_frame_equal(found.frame, again.frame)
    assert found.n_orders == 100
    assert found.frame["importance"].sum() == pytest.approx(found.r_squared)
    weights = importance(frame, drivers=names, method="relative_weights")
    assert weights.n_orders is None
    assert weights.r_squared == pytest.approx(found.r_squared)
    message = r"`rng` must be a NumPy random generator for Shapley values of more than 15 drivers, got None"
    with pytest.raises(InvalidInputError, match=message):
        importance(frame, drivers=names)


def test_it_says_what_it_found() -> None:
    text = str(importance(survey_of()))
    assert re.fullmatch(
        r"The drivers account for \d\d\.\d % of the variance of 'rating' \(95 % interval .* %\) in 200 rows; "
        r"0 rows left out",
        text,
    )


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"drivers": "service"}, "`drivers` must be a list of at least one column, got 'service'"),
        ({"drivers": []}, r"`drivers` must be a list of at least one column, got \[\]"),
        (
            {"drivers": ["service", "price", "service"]},
            r"`drivers` must be different columns, got 'service' twice \(1 of 3 drivers\)",
        ),
        ({"drivers": ["rating"]}, "`drivers` must be another column than `outcome`, got 'rating'"),
        ({"drivers": ["text"]}, r"`drivers` \(column 'text'\) must be numbers, got a column of type"),
        ({"drivers": ["yes"]}, r"`drivers` \(column 'yes'\) must be numbers, got a column of type Boolean"),
        (
            {"drivers": ["yes_or_no"]},
            r"`drivers` \(column 'yes_or_no'\) must be numbers, got a column of type",
        ),
        ({"outcome": "text"}, r"`outcome` \(column 'text'\) must be numbers"),
        ({"outcome": "same"}, r"`outcome` \(column 'same'\) must vary, got 0.1 in all 200 complete rows"),
        ({"method": "pratt"}, "`method` must be one of 'shapley', 'relative_weights', got 'pratt'"),
        ({"confidence_level": 95}, "`confidence_level` must be .* got 95; 95 % is written 0.95"),
        ({"n_orders": 1}, "`n_orders` must be a whole number at least 2, got 1"),
        ({"driver_range": (5, 1)}, "`driver_range` must start below its end, got 5 and 1"),
        ({"driver_range": 5}, "`driver_range` must be the lowest and the highest answer, got 5"),
        (
            {"driver_range": (2, 5)},
            (
                r"`drivers` \(column 'service'\) must be from 2 to 5, which is `driver_range`, or missing, "
                r"got 1 at position \d+ \(\d+ of 200 values\)"
            ),
        ),
        (
            {"drivers": ["infinite"]},
            (
                r"`drivers` \(column 'infinite'\) must be finite numbers, or missing, got -inf at position 4 "
                r"\(1 of 200 values\)"
            ),
        ),
        (
            {"weight": "negative"},
            r"`weight` \(column 'negative'\) must be finite numbers, 0 or more, got -1 at position 2 \(1 of",
        ),
        (
            {"weight": "gap"},
            r"`weight` \(column 'gap'\) must be finite numbers, 0 or more, got null at position 3",
        ),
        (
            {"weight": "nothing"},
            "`weight` must be greater than 0 in at least one complete row, got only 0",
        ),
        ({"cluster": "gap_id"}, r"`cluster` \(column 'gap_id'\) must be present in every row, got null"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], message: str) -> None:
    frame = survey_of().assign(text="good", yes=True, same=0.1, nothing=0.0, infinite=1.0, negative=1.0)
    frame.loc[4, "infinite"] = -np.inf
    frame.loc[2, "negative"] = -1.0
    frame["yes_or_no"] = frame["yes"].astype(object)
    frame["gap"] = frame["stands_for"].where(frame.index != 3)
    frame["gap_id"] = pd.Series(["a", "b"] * 100, dtype=object).where(frame.index != 3)
    with pytest.raises(InvalidInputError, match=message):
        importance(frame, **arguments)


def test_too_few_rows_are_refused() -> None:
    message = r"`survey` must have at least 5 complete rows for 3 drivers, got 4 \(0 of 4 rows miss"
    with pytest.raises(InvalidInputError, match=message):
        importance(survey_of(1, 4))
    with pytest.raises(InvalidInputError, match="got 0"):
        importance(survey_of().head(0))


def test_missing_columns_are_named() -> None:
    with pytest.raises(MissingColumnError, match="`drivers` must be a column of the frame, got 'speed'"):
        importance(survey_of(), drivers=["speed"])
    with pytest.raises(MissingColumnError, match="`outcome` must be a column of the frame, got 'nps'"):
        importance(survey_of(), outcome="nps")
