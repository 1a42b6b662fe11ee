"""Weights, clusters, strata and finite populations: the variance that survey packages compute."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from customer_centric._methods.survey_design import Answers, design_means, effective_answers
from effort import examples

N_GROUPS = 3


@dataclass(frozen=True)
class Row:
    """One answer."""

    value: float
    weight: float
    group: int
    cluster: int
    stratum: int


def answers_of(
    rows: list[Row],
    *,
    clusters: bool = True,
    strata: bool = True,
    population: list[float] | None = None,
    n_groups: int = N_GROUPS,
) -> Answers:
    weight = np.array([row.weight for row in rows], dtype=float)
    return Answers(
        value=np.array([row.value for row in rows], dtype=float),
        n=np.ones(len(rows)),
        weight=weight,
        squared_weight=weight**2,
        group=np.array([row.group for row in rows], dtype=np.int64),
        n_groups=n_groups,
        cluster=np.array([row.cluster for row in rows], dtype=np.int64) if clusters else None,
        stratum=np.array([row.stratum for row in rows], dtype=np.int64) if strata else None,
        population=None if population is None else np.array(population),
    )


def one_group(values: list[float], weights: list[float] | None = None, **codes: Any) -> Answers:
    weight = np.ones(len(values)) if weights is None else np.array(weights, dtype=float)
    return Answers(
        value=np.array(values, dtype=float),
        n=np.ones(len(values)),
        weight=weight,
        squared_weight=weight**2,
        group=np.zeros(len(values), dtype=np.int64),
        n_groups=1,
        **{name: np.asarray(array) for name, array in codes.items()},
    )


def row_strategy(weights: st.SearchStrategy[float]) -> st.SearchStrategy[list[Row]]:
    row = st.builds(
        Row,
        value=st.sampled_from([-1.0, 0.0, 1.0]),
        weight=weights,
        group=st.integers(0, N_GROUPS - 1),
        cluster=st.integers(0, 4),
        stratum=st.integers(0, 1),
    )
    return st.lists(row, min_size=1, max_size=30)


ROWS = row_strategy(st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.5]))
DESIGNS = st.fixed_dictionaries({"clusters": st.booleans(), "strata": st.booleans()})


# ── Published numbers ───────────────────────────────────────────────────────────────────────────────


def test_a_weighted_score_of_ten_answers() -> None:
    """The linearised standard error and Kish's effective number of answers of the R package survey."""
    values = [1, 1, 0, -1, 1, 0, -1, 1, 1, 0]
    weights = [1, 2, 1, 0.5, 1.5, 1, 3, 0.8, 1.2, 2]
    means = design_means(one_group([float(value) for value in values], weights))
    assert 100 * means.mean[0] == pytest.approx(21.428571, abs=5e-7)
    assert 100 * math.sqrt(means.variance[0]) == pytest.approx(33.396528, abs=5e-7)
    assert means.weighted_n[0] == pytest.approx(7.973963, abs=5e-7)


# The data set fpc of the R package survey: two strata of 15 and 12 units.
FPC = [2.8, 4.1, 6.8, 6.8, 9.2, 3.7, 6.6, 4.2]
STRATUM = [0, 0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("weights", "population", "mean", "error"),
    [
        ([3.0] * 5 + [4.0] * 3, None, 5.4481, 0.7413),
        ([3.0] * 5 + [4.0] * 3, [15.0, 12.0], 5.4481, 0.6160),
        ([1.0] * 8, None, 5.5250, 0.7796),
    ],
)
def test_the_stratified_sample_of_the_r_package_survey(
    weights: list[float], population: list[float] | None, mean: float, error: float
) -> None:
    """`svymean(~x, ...)` as its test suite prints it, without and with the finite population."""
    design = {} if population is None else {"population": np.array(population)}
    means = design_means(one_group(FPC, weights, stratum=np.array(STRATUM), **design))
    assert means.mean[0] == pytest.approx(mean, abs=5e-5)
    assert math.sqrt(means.variance[0]) == pytest.approx(error, abs=5e-5)
    assert means.degrees_of_freedom[0] == 6


def test_a_simple_sample_has_the_variance_of_the_mean() -> None:
    means = design_means(one_group(FPC))
    assert means.variance[0] == pytest.approx(np.var(FPC, ddof=1) / len(FPC))
    assert means.spread[0] == pytest.approx(np.var(FPC))


# ── A slow twin ─────────────────────────────────────────────────────────────────────────────────────


def slow_means(
    rows: list[Row], *, clusters: bool, strata: bool, population: list[float] | None
) -> list[dict[str, float]]:
    """The definitions, one group, stratum, cluster and answer after the other."""
    found = []
    for group in range(N_GROUPS):
        inside = [row for row in rows if row.group == group]
        total = math.fsum(row.weight for row in inside)
        units: defaultdict[int, defaultdict[Any, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for place, row in enumerate(inside):
            units[row.stratum if strata else 0][row.cluster if clusters else ("answer", place)].append(row)
        n_units = sum(len(stratum) for stratum in units.values())
        result = {
            "n": float(len(inside)),
            "n_units": float(n_units),
            "degrees_of_freedom": float(n_units - len(units)),
        }
        if total > 0:
            mean = math.fsum(row.weight * row.value for row in inside) / total
            result["mean"] = mean
            result["spread"] = math.fsum(row.weight * (row.value - mean) ** 2 for row in inside) / total
            result["weighted_n"] = total**2 / math.fsum(row.weight**2 for row in inside)
            unit_totals = [
                math.fsum(row.weight for row in unit)
                for stratum in units.values()
                for unit in stratum.values()
            ]
            result["unit_n"] = total**2 / math.fsum(weight**2 for weight in unit_totals)
            result["variance"] = 0.0
            for code, stratum in units.items():
                u = [
                    math.fsum(row.weight * (row.value - mean) for row in unit) / total
                    for unit in stratum.values()
                ]
                m = len(u)
                if m == 1:
                    result["variance"] = math.nan
                    continue
                unsampled = 1.0 if population is None else 1.0 - m / population[code]
                centre = math.fsum(u) / m
                result["variance"] += unsampled * m / (m - 1) * math.fsum((x - centre) ** 2 for x in u)
        found.append(result)
    return found


@given(ROWS, DESIGNS, st.booleans())
def test_means_and_variances_are_those_of_the_definitions(
    rows: list[Row], design: dict[str, bool], is_finite: bool
) -> None:
    """The second stratum of a population may be without answers."""
    sizes = [40.0, 60.0] if design["strata"] else [40.0]
    population = sizes if is_finite else None
    means = design_means(answers_of(rows, population=population, **design))
    for group, expected in enumerate(slow_means(rows, population=population, **design)):
        for name, value in expected.items():
            got = getattr(means, name)[group]
            assert got == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), name
        if "mean" not in expected:
            assert math.isnan(means.mean[group])
            assert math.isnan(means.spread[group])


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


def same(left: Answers, right: Answers) -> None:
    """Means, variances and effective numbers agree."""
    first, second = design_means(left), design_means(right)
    for name in ("mean", "spread", "variance", "weighted_n", "unit_n", "n", "degrees_of_freedom"):
        a, b = getattr(first, name), getattr(second, name)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(
        effective_answers(first, 0.95), effective_answers(second, 0.95), rtol=1e-7, atol=1e-9
    )


@given(row_strategy(st.just(1.0)), DESIGNS, st.floats(1e-3, 1e6))
def test_constant_weights_change_nothing(rows: list[Row], design: dict[str, bool], weight: float) -> None:
    same(answers_of([replace(row, weight=weight) for row in rows], **design), answers_of(rows, **design))


@given(ROWS, DESIGNS, st.sampled_from([0.25, 4.0, 1024.0]))
def test_the_scale_of_weights_changes_nothing(
    rows: list[Row], design: dict[str, bool], factor: float
) -> None:
    scaled = [replace(row, weight=factor * row.weight) for row in rows]
    same(answers_of(scaled, **design), answers_of(rows, **design))


@given(ROWS, st.booleans())
def test_clusters_of_one_change_nothing(rows: list[Row], strata: bool) -> None:
    alone = [replace(row, cluster=place) for place, row in enumerate(rows)]
    same(answers_of(alone, strata=strata), answers_of(alone, clusters=False, strata=strata))


@given(ROWS, st.booleans())
def test_one_stratum_changes_nothing(rows: list[Row], clusters: bool) -> None:
    alike = [replace(row, stratum=0) for row in rows]
    same(answers_of(alike, clusters=clusters), answers_of(alike, clusters=clusters, strata=False))


@given(ROWS, DESIGNS)
def test_cells_tell_what_their_rows_tell(rows: list[Row], design: dict[str, bool]) -> None:
    """Answers that agree in value, group, cluster and stratum are counted in one cell."""
    members: defaultdict[tuple[float, int, int, int], list[float]] = defaultdict(list)
    for row in rows:
        members[row.value, row.group, row.cluster, row.stratum].append(row.weight)
    value, group, cluster, stratum = (np.array(column) for column in zip(*members, strict=True))
    cells = Answers(
        value=value,
        n=np.array([float(len(weights)) for weights in members.values()]),
        weight=np.array([sum(weights) for weights in members.values()]),
        squared_weight=np.array([sum(w**2 for w in weights) for weights in members.values()]),
        group=group,
        n_groups=N_GROUPS,
        cluster=cluster if design["clusters"] else None,
        stratum=stratum if design["strata"] else None,
    )
    same(cells, answers_of(rows, **design))


@given(ROWS, st.randoms(use_true_random=False), DESIGNS)
def test_the_order_of_answers_and_the_names_of_clusters_are_irrelevant(
    rows: list[Row], random: Any, design: dict[str, bool]
) -> None:
    names = list(range(7))
    random.shuffle(names)
    moved = [replace(row, cluster=names[row.cluster]) for row in rows]
    random.shuffle(moved)
    same(answers_of(moved, **design), answers_of(rows, **design))


@given(ROWS, st.integers(2, 4))
def test_the_same_survey_several_times_has_the_same_mean_and_less_variance(
    rows: list[Row], times: int
) -> None:
    """With m units the variance is (m - 1) / (k m - 1) of what it was, k times as many units."""
    copies = [replace(row, cluster=row.cluster + 5 * copy) for copy in range(times) for row in rows]
    one, many = (design_means(answers_of(found, strata=False)) for found in (rows, copies))
    np.testing.assert_allclose(many.mean, one.mean, rtol=1e-12, atol=1e-12)
    units = one.n_units
    expected = one.variance * (units - 1) / np.maximum(times * units - 1, 1)
    known = units > 1
    np.testing.assert_allclose(many.variance[known], expected[known], rtol=1e-9, atol=1e-15)


@given(ROWS, DESIGNS)
def test_groups_are_computed_apart(rows: list[Row], design: dict[str, bool]) -> None:
    means = design_means(answers_of(rows, **design))
    for group in {row.group for row in rows}:
        inside = [replace(row, group=0) for row in rows if row.group == group]
        alone = design_means(answers_of(inside, n_groups=1, **design))
        for name in ("mean", "variance", "weighted_n", "unit_n"):
            np.testing.assert_allclose(getattr(alone, name)[0], getattr(means, name)[group], atol=1e-12)


# ── Answers that an interval counts ─────────────────────────────────────────────────────────────────


@given(ROWS, DESIGNS, st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_a_design_never_counts_for_more_answers_than_there_are(
    rows: list[Row], design: dict[str, bool], confidence_level: float
) -> None:
    means = design_means(answers_of(rows, **design))
    counted = effective_answers(means, confidence_level)
    assert not np.isnan(counted).any()
    assert (counted >= 0).all()
    assert (counted <= means.n * (1 + 1e-9)).all()
    assert (counted[means.weighted_n > 0] > 0).all()


@given(row_strategy(st.just(2.0)))
def test_a_simple_sample_counts_for_what_it_is(rows: list[Row]) -> None:
    means = design_means(answers_of(rows, clusters=False, strata=False))
    np.testing.assert_array_equal(effective_answers(means, 0.95), means.n)


def test_the_formula_by_hand() -> None:
    """Four accounts of three answers: the ratio of variances, and of the quantiles for 11 and 3."""
    values = [1.0, 1, 1, 1, 0, 0, -1, -1, 0, 1, -1, 0]
    cluster = np.repeat(np.arange(4), 3)
    means = design_means(one_group(values, cluster=cluster))
    spread, n = np.var(values), 12
    totals = np.array(values).reshape(4, 3).mean(axis=1)
    variance = totals.var(ddof=1) / 4
    ratio = student.ppf(0.975, n - 1) / student.ppf(0.975, 3)
    expected = spread / variance * n / (n - 1) * ratio**2
    assert expected < n
    assert effective_answers(means, 0.95)[0] == pytest.approx(expected)


def test_unanimous_accounts_count_as_many_answers_as_there_are_accounts() -> None:
    means = design_means(one_group([1.0] * 12, cluster=np.repeat(np.arange(4), 3)))
    assert means.variance[0] == 0.0
    assert effective_answers(means, 0.95)[0] == pytest.approx(4.0)


def test_one_account_counts_for_one_answer() -> None:
    """It shows nothing of other accounts, so there is no variance to state."""
    means = design_means(one_group([1.0, 0.0, -1.0], cluster=np.zeros(3, dtype=np.int64)))
    assert math.isnan(means.variance[0])
    assert means.degrees_of_freedom[0] == 0
    assert effective_answers(means, 0.95)[0] == pytest.approx(1.0)


def test_groups_without_answers_or_without_weight() -> None:
    empty = design_means(
        Answers(
            value=np.array([1.0, -1.0]),
            n=np.ones(2),
            weight=np.array([0.0, 1.0]),
            squared_weight=np.array([0.0, 1.0]),
            group=np.array([0, 1]),
            n_groups=3,
        )
    )
    assert np.isnan(empty.mean).tolist() == [True, False, True]
    assert empty.n.tolist() == [1.0, 1.0, 0.0]
    assert empty.weighted_n.tolist() == [0.0, 1.0, 0.0]
    assert effective_answers(empty, 0.95).tolist()[1:] == [1.0, 0.0]


# ── Finite populations ──────────────────────────────────────────────────────────────────────────────


def test_everybody_answered() -> None:
    """Nothing is left to be unsure of."""
    means = design_means(one_group([1.0, 0.0, -1.0, 1.0], population=np.array([4.0])))
    assert means.variance[0] == 0.0
    assert means.unsampled[0] == 0.0
    with np.errstate(divide="ignore"):
        assert effective_answers(means, 0.95)[0] == math.inf


@examples(40)
@given(row_strategy(st.sampled_from([1.0, 3.0])), st.integers(100, 10_000))
def test_a_finite_population_takes_its_part_of_the_variance(rows: list[Row], size: int) -> None:
    """One stratum: 1 - n / N of the variance, and so many more answers to count."""
    plain = answers_of(rows, clusters=False, strata=False, n_groups=N_GROUPS)
    free, finite = design_means(plain), design_means(replace(plain, population=np.array([float(size)])))
    part = 1.0 - free.n / size
    known = free.n > 1
    np.testing.assert_allclose(finite.variance[known], (part * free.variance)[known], rtol=1e-9)
    np.testing.assert_allclose(effective_answers(finite, 0.9), effective_answers(free, 0.9) / part, rtol=1e-9)


def test_an_endless_population_is_none() -> None:
    plain = one_group(FPC, stratum=np.array(STRATUM))
    endless = replace(plain, population=np.array([math.inf, math.inf]))
    assert design_means(endless).variance[0] == design_means(plain).variance[0]
