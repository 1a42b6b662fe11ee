"""The statistics that everybody quotes about customers, and whether they hold for yours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from customer_centric._core.checks import check_choice, check_number
from customer_centric._core.words import as_html
from customer_centric.economics.measurement import Measurement, check_measurement, exact_share_interval
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval

__all__ = ["CLAIMS", "Claim", "ClaimCheck", "check_claim"]

ClaimVerdict: TypeAlias = Literal["supported", "contradicted", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statistic that is often quoted: its words, its number, and what it would take to test it.

    Parameters
    ----------
    wording : str
        What is said.
    number : float
        The number in it, greater than 0; shares as fractions.
    quantity : {"ratio", "share"}
        A multiple of something, or a share from 0 to 1.
    bound : {"about", "at most"}
        Whether the number is said to be the value, or the most that it gets to ("up to").
    precision : float
        How far off a value may be and still be quoted by this number: half a unit of its last digit, 0.005
        for whole percent. 0 for a bound.
    population : str
        Of whom it speaks.
    source : str
        Who is named for it, or "unsourced" where the wording came without a source.
    measure : str
        What would be measured to test it.
    measured_by : str
        What in this package measures it.

    Raises
    ------
    InvalidInputError
        If the number does not fit the quantity, or the precision is negative.
    """

    wording: str
    number: float
    quantity: Literal["ratio", "share"]
    bound: Literal["about", "at most"]
    precision: float
    population: str
    source: str
    measure: str
    measured_by: str

    def __post_init__(self) -> None:
        check_choice("quantity", self.quantity, ("ratio", "share"))
        check_choice("bound", self.bound, ("about", "at most"))
        most = 1.0 if self.quantity == "share" else None
        remedy = _as_fraction(self.quantity)
        check_number("number", self.number, minimum=0.0, open_minimum=True, maximum=most, remedy=remedy)
        check_number("precision", self.precision, minimum=0.0)

    def region(self, *, tolerance: float | None = None) -> tuple[float, float]:
        """The lowest and highest value for which the claim is true; `tolerance` in place of `precision`."""
        width = self.precision if tolerance is None else check_number("tolerance", tolerance, minimum=0.0)
        lowest = -math.inf if self.bound == "at most" else self.number - width
        return lowest, self.number + width


def _as_fraction(quantity: str) -> str:
    return "66 % is written 0.66" if quantity == "share" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCheck:
    """What was measured says about a claim.

    Parameters
    ----------
    verdict : {"supported", "contradicted", "undecided"}
        Whether the interval lies wholly where the claim is true, wholly where it is not, or in both.
    claim : Claim
        The claim.
    measurement : Measurement
        What was measured.
    interval : Interval
        Bounds of what was measured, on which the verdict rests; exact for counts.
    lowest, highest : float
        Values for which the claim is true; `lowest` is minus infinity where it is a bound.
    """

    verdict: ClaimVerdict
    claim: Claim
    measurement: Measurement
    interval: Interval
    lowest: float
    highest: float

    def __str__(self) -> str:
        claim, bounds = self.claim, self.interval
        level = f"{100 * bounds.confidence_level:g} %"
        true = f"at most {self._say(self.highest)}"
        if claim.bound == "about":
            true = f"{self._say(self.lowest)} to {self._say(self.highest)}"
        said = (
            f"{self.verdict}: “{claim.wording}”. Measured: {self._say(self.measurement.value)} ({level} "
            f"interval {self._say(bounds.lower)} to {self._say(bounds.upper)}), "
            f"{self.measurement.definition}; the claim is true for {true}."
        )
        if self.verdict == "supported" and claim.bound == "at most":
            part = 100 * self.measurement.value / claim.number
            said += f" Any smaller value would support it too: this one is {part:.0f} % of the number quoted."
        return f"{said} It speaks of {claim.population}; the verdict is about those measured."

    def _say(self, value: float) -> str:
        if self.claim.quantity == "share":
            return f"{100 * value:.4g} %"
        return f"{value:.3g}"

    def _repr_html_(self) -> str:
        return as_html(self).replace(self.verdict, f"<strong>{self.verdict}</strong>", 1)


def check_claim(claim: Claim, measurement: Measurement, *, tolerance: float | None = None) -> ClaimCheck:
    r"""Whether an often quoted statistic holds for the customers who were measured.

    Parameters
    ----------
    claim : Claim
        One of `CLAIMS`, or one of your own.
    measurement : Measurement
        The same quantity in your data, with its interval. Of a share from `Measurement.of_share` the counts
        are used, with exact bounds.
    tolerance : float, optional
        How far from its number the claim may be off and still be called true, in the unit of the number, 0 or
        more. By default the rounding of the words: "66 %" is true from 65.5 to 66.5 %, and a bound has none.

    Returns
    -------
    ClaimCheck
        The verdict, the interval it rests on, and the values for which the claim is true.

    Raises
    ------
    InvalidInputError
        If the measurement has no interval, a share is outside [0, 1], or the tolerance is negative.

    Notes
    -----
    With \([l, u]\) the interval of what was measured and \(R\) the values for which the claim is true
    (\(R = [c - \varepsilon, c + \varepsilon]\) for "c", \(R = (-\infty, c]\) for "up to c"),

    \[ \text{supported if } [l, u] \subseteq R, \qquad
       \text{contradicted if } [l, u] \cap R = \varnothing, \qquad \text{else undecided} . \]

    Either verdict is wrong only if the interval misses the truth: at most 5 % of the time at a confidence
    level of 95 %, whatever the truth. For counts the interval is Clopper and Pearson's, for which that holds
    at every number of answers; for other intervals it holds as well as they do.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934), The use of confidence or fiducial limits illustrated in the case
    of the binomial. [doi:10.1093/biomet/26.4.404](https://doi.org/10.1093/biomet/26.4.404).

    Examples
    --------
    >>> exits = Measurement.of_share(
    ...     52, 100, definition="of 100 who left, those who named service"
    ... )
    >>> check = check_claim(CLAIMS["left_because_of_service"], exits)
    >>> check.verdict, round(check.interval.lower, 4), round(check.interval.upper, 4)
    ('contradicted', 0.4178, 0.621)
    """
    if not isinstance(claim, Claim):
        raise InvalidInputError(
            f"`claim` must be a Claim, got {type(claim).__name__}; take one of CLAIMS or write your own"
        )
    check_measurement("measurement", measurement)
    interval = _interval(claim, measurement)
    lowest, highest = claim.region(tolerance=tolerance)
    verdict: ClaimVerdict = "undecided"
    if lowest <= interval.lower and interval.upper <= highest:
        verdict = "supported"
    elif interval.upper < lowest or interval.lower > highest:
        verdict = "contradicted"
    return ClaimCheck(
        verdict=verdict,
        claim=claim,
        measurement=measurement,
        interval=interval,
        lowest=lowest,
        highest=highest,
    )


def _interval(claim: Claim, measurement: Measurement) -> Interval:
    """The bounds of what was measured, exact where there are counts."""
    if claim.quantity == "share":
        remedy = _as_fraction("share")
        check_number("measurement.value", measurement.value, minimum=0.0, maximum=1.0, remedy=remedy)
    if measurement.interval is None:
        raise InvalidInputError(
            "`measurement` must have an interval, got None; without one nothing tells the claim from chance"
        )
    if measurement.successes is None or measurement.n is None:
        return measurement.interval
    return exact_share_interval(measurement.successes, measurement.n, measurement.interval.confidence_level)


CLAIMS: Final[Mapping[str, Claim]] = MappingProxyType(
    {
        "acquiring_costs_5_times": Claim(
            wording="Acquiring a customer costs 5 times as much as retaining one",
            number=5.0,
            quantity="ratio",
            bound="about",
            precision=0.5,
            population="companies at large",
            source="unsourced",
            measure="mean cost of a customer won over mean cost of a customer kept",
            measured_by="acquisition_retention_ratio",
        ),
        "acquiring_costs_up_to_6_times": Claim(
            wording="Acquiring a customer costs up to 6 times as much as retaining one",
            number=6.0,
            quantity="ratio",
            bound="at most",
            precision=0.0,
            population="companies at large",
            source="unsourced",
            measure="mean cost of a customer won over mean cost of a customer kept",
            measured_by="acquisition_retention_ratio",
        ),
        "loyal_worth_up_to_10_first_purchases": Claim(
            wording="Loyal customers are worth up to 10 times their first purchase",
            number=10.0,
            quantity="ratio",
            bound="at most",
            precision=0.0,
            population="loyal customers at large",
            source="unsourced",
            measure="mean lifetime value of loyal customers over mean contribution of their first purchase",
            measured_by="clv_multiple",
        ),
        "loyal_5_times_likelier_to_buy_other_products": Claim(
            wording="Loyal customers are 5 times likelier to buy other products",
            number=5.0,
            quantity="ratio",
            bound="about",
            precision=0.5,
            population="loyal customers and others at large",
            source="unsourced",
            measure="share of loyal customers who buy another product over the share of others; a ratio of "
            "shares, and not of odds, which is larger",
            measured_by="cross_sell_odds, as risk_ratio",
        ),
        "left_because_of_service": Claim(
            wording="66 % of customers who switched left because of poor service",
            number=0.66,
            quantity="share",
            bound="about",
            precision=0.005,
            population="customers who switched, by their own account",
            source="unsourced",
            measure="share of those who left who name service as the reason; what service caused is another "
            "question, of attributable_churn",
            measured_by="stated_cause",
        ),
        "would_pay_more_for_experience": Claim(
            wording="86 % of customers would pay more for a better experience",
            number=0.86,
            quantity="share",
            bound="about",
            precision=0.005,
            population="customers at large, by their own account",
            source="unsourced",
            measure="share who say so; what they do pay is measured by price_premium",
            measured_by="Measurement.of_share",
        ),
        "trust_recommendations": Claim(
            wording="88 % of people trust recommendations",
            number=0.88,
            quantity="share",
            bound="about",
            precision=0.005,
            population="people at large, by their own account",
            source="unsourced",
            measure="share who say so; what recommendations bring is measured by referral_value",
            measured_by="Measurement.of_share",
        ),
        "experience_is_a_differentiator": Claim(
            wording="82 % see customer experience as a differentiator",
            number=0.82,
            quantity="share",
            bound="about",
            precision=0.005,
            population="people or companies asked, which of them is not said",
            source="unsourced",
            measure="share of those asked who say so",
            measured_by="Measurement.of_share",
        ),
        "feedback_improved_a_process": Claim(
            wording="10 % of companies used feedback to improve a process",
            number=0.10,
            quantity="share",
            bound="about",
            precision=0.005,
            population="companies, and not the feedback of one company",
            source="unsourced",
            measure="share of companies, or of the branches of one, with a process that feedback changed",
            measured_by="Measurement.of_share",
        ),
    }
)
"""Often quoted statistics by name. They are there to be tested: no function takes one for a default."""
