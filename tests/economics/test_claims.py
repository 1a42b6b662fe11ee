"""Often quoted statistics are there to be tested, and the test is wrong no more often than it says."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

import customer_centric as cc
from customer_centric.economics import CLAIMS, Claim, Measurement, check_claim
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from effort import examples


def _named(measured_by: str) -> object:
    """What a name leads to: a public function, or a method of a public class."""
    name, *method = measured_by.split(",", maxsplit=1)[0].split(".")
    found = getattr(cc, name)
    return getattr(found, method[0]) if method else found


@pytest.mark.parametrize("key", CLAIMS)
def test_what_measures_a_claim_exists(key: str) -> None:
    """Whoever reads how a claim is measured can call it, and finds the field that is named."""
    measured_by = CLAIMS[key].measured_by
    function = _named(measured_by)
    assert callable(function)
    _, _, field = measured_by.partition(", as ")
    if field:
        returned = inspect.signature(function).return_annotation
        assert hasattr(getattr(cc, str(returned)), field)


SHARES = [key for key, claim in CLAIMS.items() if claim.quantity == "share"]


def measured(lower: float, upper: float) -> Measurement:
    middle = (lower + upper) / 2
    return Measurement(value=middle, interval=Interval(lower, upper, 0.95), definition="ours")


def test_the_ledger_holds_the_nine_numbers_with_their_bounds() -> None:
    numbers = sorted((claim.number, claim.bound) for claim in CLAIMS.values())
    assert numbers == [
        (0.1, "about"),
        (0.66, "about"),
        (0.82, "about"),
        (0.86, "about"),
        (0.88, "about"),
        (5.0, "about"),
        (5.0, "about"),
        (6.0, "at most"),
        (10.0, "at most"),
    ]
    for claim in CLAIMS.values():
        said = f"{100 * claim.number:g} %" if claim.quantity == "share" else f"{claim.number:g} times"
        assert said in claim.wording
        assert claim.source == "unsourced"


def test_no_claim_is_a_default_of_anything() -> None:
    """Only the ledger itself names its entries, and no argument there defaults to one."""
    package = Path(cc.__file__).parent
    homes = {package / "economics" / "__init__.py", package / "economics" / "claims.py"}
    for path in set(package.rglob("*.py")) - homes:
        assert "CLAIMS" not in path.read_text("utf-8"), path.name
    functions = [one for one in vars(cc.economics).values() if inspect.isfunction(one)]
    assert check_claim in functions
    for function in functions:
        defaults = [parameter.default for parameter in inspect.signature(function).parameters.values()]
        assert not [default for default in defaults if isinstance(default, Claim)]


@pytest.mark.parametrize("key", SHARES)
@pytest.mark.parametrize("n", [1, 2, 7, 30, 200, 1000])
def test_a_true_share_is_contradicted_in_at_most_5_percent_of_samples(key: str, n: int) -> None:
    """By the probabilities of all outcomes, where the claim is just, or well within the words, true."""
    claim = CLAIMS[key]
    outcomes = np.arange(n + 1)
    likely = binom.pmf(outcomes, n, claim.number) > 1e-9
    verdicts = np.full(n + 1, "contradicted", dtype="<U12")
    verdicts[likely] = [
        check_claim(claim, Measurement.of_share(k, n, definition="ours")).verdict for k in outcomes[likely]
    ]
    for truth in (*claim.region(), claim.number):
        assert binom.pmf(outcomes[verdicts == "contradicted"], n, truth).sum() <= 0.05
    assert not (verdicts == "supported").any()  # so narrow a claim takes tens of thousands of answers


@pytest.mark.parametrize("n", [5, 40, 300])
def test_a_false_share_is_supported_in_at_most_5_percent_of_samples(n: int) -> None:
    claim = CLAIMS["left_because_of_service"]
    verdicts = np.array(
        [
            check_claim(claim, Measurement.of_share(k, n, definition="ours"), tolerance=0.2).verdict
            for k in range(n + 1)
        ]
    )
    for truth in (0.4599, 0.8601, 0.3):
        assert binom.pmf(np.flatnonzero(verdicts == "supported"), n, truth).sum() <= 0.05


def test_a_true_ratio_is_contradicted_in_at_most_5_percent_of_samples() -> None:
    """Means of 20 normal values, Student's interval, the truth at the edge of what the words allow."""
    rng = np.random.default_rng(7)
    for key, truth in (("acquiring_costs_5_times", 5.5), ("loyal_worth_up_to_10_first_purchases", 10.0)):
        draws = rng.normal(truth, 3.0, size=(800, 20))
        wrong = [
            check_claim(
                CLAIMS[key],
                Measurement.of_mean(row.mean(), standard_deviation=row.std(ddof=1), n=20, definition="ours"),
            ).verdict
            == "contradicted"
            for row in draws
        ]
        assert np.mean(wrong) < 0.05


@given(
    bound=st.sampled_from(["about", "at most"]),
    lower=st.floats(-50, 50),
    width=st.floats(0, 50),
    tolerance=st.floats(0, 20),
    where=st.floats(0, 1),
)
@examples(100)
def test_a_verdict_is_wrong_only_if_the_interval_misses_the_truth(
    bound: str, lower: float, width: float, tolerance: float, where: float
) -> None:
    claim = dataclasses.replace(CLAIMS["acquiring_costs_5_times"], bound=bound)
    check = check_claim(claim, measured(lower, lower + width), tolerance=tolerance)
    truth = min(lower + where * width, lower + width)
    if check.verdict == "contradicted":
        assert not check.lowest <= truth <= check.highest
    if check.verdict == "supported":
        assert check.lowest <= truth <= check.highest


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [(2, 4, "supported"), (9, 10, "supported"), (9, 10.01, "undecided"), (10.01, 12, "contradicted")],
)
def test_up_to_10_is_contradicted_only_beyond_10_and_supported_by_anything_below(
    lower: float, upper: float, verdict: str
) -> None:
    check = check_claim(CLAIMS["loyal_worth_up_to_10_first_purchases"], measured(lower, upper))
    assert check.verdict == verdict
    assert (check.lowest, check.highest) == (-math.inf, 10)
    assert ("Any smaller value would support it too" in str(check)) == (verdict == "supported")
    if lower == 2:
        assert "this one is 30 % of the number quoted" in str(check)


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [(4.5, 5.5, "supported"), (4.4, 5.2, "undecided"), (1, 4.49, "contradicted"), (5.6, 9, "contradicted")],
)
def test_about_5_is_what_rounds_to_5(lower: float, upper: float, verdict: str) -> None:
    check = check_claim(CLAIMS["acquiring_costs_5_times"], measured(lower, upper))
    assert check.verdict == verdict
    assert "claim is true for 4.5 to 5.5" in str(check)
    assert f"<strong>{verdict}</strong>" in check._repr_html_()


def test_counts_are_judged_by_exact_bounds_and_percent_is_written_as_percent() -> None:
    """0 of 1 would contradict 88 % by Wilson's bounds (up to 79.3 %), and is 12 % of samples of one."""
    one = Measurement.of_share(0, 1, definition="asked in May")
    assert one.interval is not None
    assert one.interval.upper < 0.88
    check = check_claim(CLAIMS["trust_recommendations"], one)
    assert check.verdict == "undecided"
    assert "Measured: 0 % (95 % interval 0 % to 97.5 %), asked in May" in str(check)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: check_claim(CLAIMS["trust_recommendations"], measured(80, 90)),
            "must be a finite number at least 0 and at most 1, got 85; 66 % is written 0.66",
        ),
        (
            lambda: check_claim(CLAIMS["acquiring_costs_5_times"], Measurement(value=4.0, definition="ours")),
            "`measurement` must have an interval, got None",
        ),
        (
            lambda: check_claim("5 times", measured(1, 2)),
            "`claim` must be a Claim, got str; take one of CLAIMS",
        ),
        (
            lambda: check_claim(CLAIMS["acquiring_costs_5_times"], 4.0),
            "`measurement` must be a Measurement, got float",
        ),
        (
            lambda: check_claim(CLAIMS["acquiring_costs_5_times"], measured(1, 2), tolerance=-1),
            "`tolerance` must be a finite number at least 0, got -1",
        ),
        (
            lambda: dataclasses.replace(CLAIMS["trust_recommendations"], number=88),
            "`number` must be a finite number greater than 0 and at most 1, got 88; 66 % is written 0.66",
        ),
    ],
)
def test_what_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        call()
    assert message in str(error.value)
