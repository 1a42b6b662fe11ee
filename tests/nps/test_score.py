"""The score of ratings: what is in it, what is left out and counted, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.nps import NetPromoterScore, net_promoter_score, net_promoter_score_from_counts
from customer_centric.nps._estimates import METHODS, CountMethod

RATINGS = [10, 9, 10, 9, 8, 7, 10, 3, 9, None]


def bounds(nps: NetPromoterScore) -> list[float]:
    return [nps.interval.lower, nps.interval.upper]


# ── What is in the score ────────────────────────────────────────────────────────────────────────────


def test_promoters_less_detractors_of_those_who_answered() -> None:
    nps = net_promoter_score(RATINGS)
    assert (nps.promoters, nps.passives, nps.detractors) == (6, 2, 1)
    assert nps.score == pytest.approx(100 * (6 - 1) / 9)
    assert (nps.promoter_share, nps.passive_share, nps.detractor_share) == (
        pytest.approx(6 / 9),
        pytest.approx(2 / 9),
        pytest.approx(1 / 9),
    )
    assert (nps.n, nps.n_missing, nps.n_invalid) == (9, 1, 0)
    assert (nps.effective_n, nps.design_effect, nps.interval_n) == (9.0, 1.0, 9.0)


def test_nobody_is_made_a_passive() -> None:
    """Missing answers as passives would give 50 from ten answers, and a narrower interval."""
    assert net_promoter_score(RATINGS).score > 55
    assert net_promoter_score([10, None, None, None]).score == 100.0


def test_averages_of_accounts_belong_to_no_class() -> None:
    """The mean of 8 and 9 is no answer: weight the people, or cluster them, but do not average them."""
    with pytest.raises(InvalidInputError, match=r"got 8.5 at position 0 \(1 of 2 values\)"):
        net_promoter_score([8.5, 9.0])
    shared = net_promoter_score([8, 9, 9], weights=[0.5, 0.5, 1.0], clusters=["a", "a", "b"])
    assert shared.score == pytest.approx(75.0)


@pytest.mark.parametrize(
    "ratings",
    [
        pd.Series(RATINGS),
        pd.Series(RATINGS, dtype="Int64"),
        pd.Categorical(RATINGS),
        pl.Series(RATINGS),
        pa.array(RATINGS),
        np.array(RATINGS, dtype=float),
    ],
    ids=["pandas", "nullable", "categorical", "Polars", "PyArrow", "NumPy"],
)
def test_any_column_of_ratings_will_do(ratings: Any) -> None:
    assert net_promoter_score(ratings) == net_promoter_score(RATINGS)


def test_answers_off_the_scale_are_counted_on_request() -> None:
    nps = net_promoter_score([*RATINGS, 11, "9"], invalid="missing")
    assert (nps.score, nps.n_invalid) == (net_promoter_score(RATINGS).score, 2)


def test_response_rate_is_known_where_the_invited_are() -> None:
    assert net_promoter_score(RATINGS, invited=30).response_rate == pytest.approx(0.3)
    assert net_promoter_score(RATINGS).response_rate is None
    assert net_promoter_score_from_counts(1, 1, 1, invited=3).response_rate == 1.0
    with pytest.raises(InvalidInputError, match="`invited` must be a whole number at least 9, got 8"):
        net_promoter_score(RATINGS, invited=8)
    with pytest.raises(InvalidInputError, match=r"`invited` must be a whole number at least 9, got 9\.5"):
        net_promoter_score(RATINGS, invited=9.5)  # type: ignore[arg-type]


# ── Few answers, and answers that are alike ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("ratings", [[9], [7], [0], [9] * 40, [8] * 40, [6] * 40, [9, 7], [7, 0], [0, 0, 9]])
@pytest.mark.parametrize("method", ["score", "adjusted_wald", "jeffreys"])
def test_few_and_unanimous_answers_have_an_interval_with_a_width(
    ratings: list[int], method: CountMethod
) -> None:
    nps = net_promoter_score(ratings, method=method)
    assert np.isfinite([nps.score, nps.standard_error, *bounds(nps)]).all()
    assert nps.interval.width > 5


def test_wald_says_of_unanimous_answers_what_it_says() -> None:
    """It is there for comparison; the page says why it is not the default."""
    assert bounds(net_promoter_score([9] * 10, method="wald")) == [100.0, 100.0]
    assert bounds(net_promoter_score([9] * 9 + [0], method="wald"))[1] > 100


# ── Designs ─────────────────────────────────────────────────────────────────────────────────────────


def test_several_answers_of_an_account_are_not_several_accounts() -> None:
    ratings = np.repeat([10, 9, 3, 8, 10, 2, 9, 7], 5)
    accounts = np.repeat(np.arange(8), 5)
    plain, clustered = net_promoter_score(ratings), net_promoter_score(ratings, clusters=accounts)
    assert clustered.score == plain.score
    assert clustered.design_effect == pytest.approx(39 / 7)
    assert clustered.interval.width > 2 * plain.interval.width


def test_answers_of_one_account_show_nothing_about_others() -> None:
    for method in ("score", "adjusted_wald", "jeffreys", "wald"):
        nps = net_promoter_score([9, 9, 7, 3], clusters=["a"] * 4, method=method)
        assert nps.interval.width > 100
        assert np.isnan(nps.standard_error)


def test_strata_take_out_what_differs_between_them() -> None:
    ratings, strata = [9] * 9 + [7] + [0] * 9 + [7], ["new"] * 10 + ["old"] * 10
    stratified = net_promoter_score(ratings, strata=strata)
    assert stratified.score == 0.0
    assert stratified.standard_error < 0.5 * net_promoter_score(ratings).standard_error
    assert stratified.design_effect < 0.2


def test_a_finite_population_counts_customers_or_clusters_or_both_by_stratum() -> None:
    ratings, strata = [9, 9, 7, 0, 0, 7], ["a", "a", "a", "b", "b", "b"]
    whole = net_promoter_score(ratings, strata=strata, population={"a": 3, "b": 3})
    assert bounds(whole) == [0.0, 0.0]
    part = net_promoter_score(ratings, strata=strata, population={"a": 4, "b": 40})
    sample = net_promoter_score(ratings, strata=strata)
    assert part.standard_error < sample.standard_error
    half = net_promoter_score(ratings, population=12)
    assert half.standard_error == pytest.approx(net_promoter_score(ratings).standard_error * np.sqrt(0.5))
    clusters = ["u", "u", "v", "v", "w", "w"]
    assert net_promoter_score(ratings, clusters=clusters, population=3).interval.width == 0.0
    assert net_promoter_score_from_counts(5, 0, 0, population=5).interval.width == 0.0


def test_one_number_is_the_population_of_one_stratum() -> None:
    nps = net_promoter_score([9, 7, 0], strata=["a"] * 3, population=6)
    assert nps.standard_error == pytest.approx(
        net_promoter_score([9, 7, 0], population=6).standard_error, rel=1e-9
    )


def test_weights_of_rows_without_an_answer_do_not_matter() -> None:
    nps = net_promoter_score([9, None, 3], weights=[1.0, np.nan, 2.0])
    assert nps.score == pytest.approx(-100 / 3)
    labels = net_promoter_score([9, None, 3], clusters=["a", None, "b"])
    assert labels.n == 2


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"weights": [1, 1]}, r"`weights` must have one value a rating, got shape \(2,\) for 4 ratings"),
        (
            {"weights": [1, 1, -1, 1]},
            r"`weights` must be a finite number at least 0, got -1 at position 2 \(1 of 4",
        ),
        (
            {"weights": [1, 1, 1, np.nan]},
            "`weights` must be a finite number at least 0, got nan at position 3",
        ),
        (
            {"weights": [1, 1, 1, np.inf]},
            "`weights` must be a finite number at least 0, got inf at position 3",
        ),
        ({"weights": [0, 0, 0, 0]}, "`weights` must be greater than 0 for at least one answer, got only 0"),
        ({"weights": ["1"] * 4}, "`weights` must be numbers, got values of type text; convert them first"),
        ({"clusters": ["a"]}, r"`clusters` must have one value a rating, got shape \(1,\) for 4 ratings"),
        (
            {"clusters": ["a", "b", None, "b"]},
            r"`clusters` must be present for every answer, got a missing one at position 2 \(1 of 4",
        ),
        ({"clusters": ["a", np.nan, "b", "b"]}, "`clusters` must be present for every answer, .* position 1"),
        ({"strata": [1, 1, 2, None]}, "`strata` must be present for every answer, .* position 3"),
        (
            {"strata": ["a", "a", "a", "b"]},
            r"`strata` must have at least two units each, got one in stratum 'b' \(1 of 2 strata\); merge it",
        ),
        (
            {"strata": ["a", "a", "b", "b"], "clusters": [1, 1, 2, 3]},
            "`strata` must have at least two units each, got one in stratum 'a'",
        ),
        (
            {"population": 3},
            "`population` must be at least the number of units that answered, got 3 for 4 units",
        ),
        ({"population": np.nan}, "`population` must be a finite number at least 1, got nan"),
        (
            {"population": {"a": 9}},
            "`population` must be one number unless `strata` are given, got a mapping",
        ),
        (
            {"strata": ["a", "a", "b", "b"], "population": 9},
            "`population` must be a mapping from stratum to size where there are strata, got one number",
        ),
        (
            {"strata": ["a", "a", "b", "b"], "population": {"a": 9}},
            r"`population` must have a size for each stratum, got none for 'b' \(1 of 2 strata\)",
        ),
        (
            {"strata": ["a", "a", "b", "b"], "population": {"a": 9, "b": 1}},
            "`population` must be at least the number of units that answered, got 1 for 2 units",
        ),
    ],
)
def test_designs_that_do_not_fit_are_refused(design: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        net_promoter_score([9, 7, 3, 10], **design)


# ── Methods ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_bootstrap_needs_a_generator_and_repeats_itself() -> None:
    message = '`rng` must be a NumPy random generator where `method` is "bootstrap", got None; pass for inst'
    with pytest.raises(InvalidInputError, match=message):
        net_promoter_score(RATINGS, method="bootstrap")
    with pytest.raises(InvalidInputError, match=r"`rng` must be .*, got 1; pass"):
        net_promoter_score_from_counts(5, 3, 2, method="bootstrap", rng=1)  # type: ignore[arg-type]
    first, again = (
        net_promoter_score(RATINGS, method="bootstrap", rng=np.random.default_rng(1)) for _ in range(2)
    )
    assert first == again
    assert first.method == "bootstrap"


def test_the_bootstrap_agrees_with_the_score_interval_on_many_answers() -> None:
    ratings = np.random.default_rng(2).integers(0, 11, size=600)
    clusters = np.arange(600) // 3
    for design in ({}, {"clusters": clusters}, {"clusters": clusters, "strata": clusters % 2}):
        score = net_promoter_score(ratings, **design)
        drawn = net_promoter_score(
            ratings, method="bootstrap", rng=np.random.default_rng(3), n_resamples=1000, **design
        )
        assert bounds(drawn) == pytest.approx(bounds(score), abs=1.2)
        assert drawn.score == score.score


def test_the_bootstrap_draws_clusters_and_keeps_strata() -> None:
    """Clusters of the same label in two strata are two clusters; drawn within strata nothing varies here."""
    rng = np.random.default_rng(4)
    nps = net_promoter_score(
        [9, 9, 0, 0],
        strata=["a", "a", "b", "b"],
        clusters=[1, 2, 1, 2],
        method="bootstrap",
        rng=rng,
        n_resamples=50,
    )
    assert bounds(nps) == [0.0, 0.0]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_its_name_and_level(method: Any) -> None:
    rng = np.random.default_rng(5) if method == "bootstrap" else None
    nps = net_promoter_score_from_counts(50, 30, 20, method=method, rng=rng, confidence_level=0.9)
    assert nps.method == method
    assert nps.interval.confidence_level == 0.9
    assert bounds(nps) == pytest.approx([17.0, 42.5], abs=1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "exact"}, "`method` must be one of 'score', 'adjusted_wald', 'wald', 'jeffreys', 'boot"),
        ({"confidence_level": 95}, "`confidence_level` must be .*, got 95; 95 % is written 0.95"),
        ({"confidence_level": 0}, "`confidence_level` must be a finite number greater than 0"),
        ({"invalid": "ignore"}, "`invalid` must be one of 'raise', 'missing', got 'ignore'"),
    ],
)
def test_options_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        net_promoter_score(RATINGS, **arguments)


# ── Nobody answered, and counts ─────────────────────────────────────────────────────────────────────


def test_a_score_of_nobody_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`ratings` must have at least one answer, got none"):
        net_promoter_score([])
    with pytest.raises(InvalidInputError, match="at least one answer, got 2 rows without one"):
        net_promoter_score([None, np.nan])
    with pytest.raises(InvalidInputError, match="at least one answer, got 1 rows without one"):
        net_promoter_score([11], invalid="missing")


@pytest.mark.parametrize(
    ("counts", "arguments", "message"),
    [
        ((0, 0, 0), {}, "`promoters`, `passives` and `detractors` must count at least one answer, got none"),
        ((1.5, 0, 0), {}, "`promoters` must be a whole number at least 0, got 1.5"),
        ((1, -1, 0), {}, "`passives` must be a whole number at least 0, got -1"),
        ((1, 0, np.nan), {}, "`detractors` must be a whole number at least 0, got nan"),
        ((True, 0, 0), {}, "`promoters` must be numbers, got values of type bool; convert them first"),
        (("5", 0, 0), {}, "`promoters` must be numbers, got values of type text; convert them first"),
        ((5, 0, 0), {"population": 4}, "`population` must be a finite number at least 5, got 4"),
        ((5, 0, 0), {"invited": 4}, "`invited` must be a whole number at least 5, got 4"),
    ],
)
def test_counts_are_checked(counts: tuple[int, int, int], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        net_promoter_score_from_counts(*counts, **arguments)


def test_it_reads_like_a_sentence() -> None:
    nps = net_promoter_score_from_counts(500, 300, 200)
    sentence = (
        "NPS 30.0 (95 % interval 25.1 to 34.8) from 1,000 answers: "
        "50.0 % promoters, 30.0 % passives, 20.0 % detractors"
    )
    assert str(nps) == sentence
    assert nps._repr_html_() == f"<p>{sentence}</p>".replace("NPS 30.0", "<strong>NPS 30.0</strong>")
