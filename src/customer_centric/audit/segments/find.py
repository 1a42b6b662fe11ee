"""From the values of an audit to who matters most, how the base changes and what a new customer may cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, cast

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from customer_centric.audit.churn.returning import between, log_period
from customer_centric.audit.plain import Estimate
from customer_centric.audit.segments.report import (
    BaseChange,
    CohortAtAge,
    Concentration,
    Movement,
    RfmSegment,
    SegmentReport,
    Tier,
)
from customer_centric.audit.segments.worth import new_customer
from customer_centric.audit.steps import Answer, Question
from customer_centric.errors import InvalidInputError
from customer_centric.segments.base_audit import BaseAudit, base_audit
from customer_centric.segments.concentration import gini
from customer_centric.segments.deciles import decile_table
from customer_centric.segments.membership import TierProbabilities, tier_probability_from_quantiles
from customer_centric.segments.rfm import rfm_scores, rfm_segments
from customer_centric.segments.tiers import quantile_thresholds, value_tiers
from customer_centric.typing import FloatArray, FrameT

__all__: list[str] = []

SURE: Final = 0.8
_TOP: Final = 0.2
_QUANTILES: Final = (0.5, 0.8, 0.95)
# The spread of what each customer will be worth takes longer than everything else; more are not asked.
_MOST_ASKED: Final = 20_000
_LEVELS: Final = (0.9, 0.5)
_SIDES: Final = ("amount_before", "amount_after")


def answer_segments(
    question: Question[FrameT],
    found: Answer[FrameT],
    *,
    tiers: Sequence[float] | None,
    acquisition_cost: float | None,
) -> SegmentReport:
    """Everything about who matters and how that changes."""
    question.progress("Comparing the customers")
    worth = found.values.lifetime_value
    cuts = _thresholds(worth) if tiers is None else np.asarray(tiers, dtype=np.float64)
    change, why_not = _change(question, found)
    return SegmentReport(
        concentration=_concentration(worth, question.confidence_level),
        tiers=_tiers(question, found, cuts) if cuts.size else (),
        tier_reason="" if cuts.size else "Nobody is worth anything, so there is nothing to cut into tiers.",
        tiers_given=tiers is not None,
        sure=SURE,
        rfm=_rfm(found),
        change=change,
        change_reason=why_not,
        new_customer=None if acquisition_cost is None else new_customer(question, found, acquisition_cost),
        confidence_level=question.confidence_level,
    )


def _concentration(worth: FloatArray, confidence_level: float) -> Concentration:
    best = decile_table(worth, n_groups=round(1 / _TOP), confidence_level=confidence_level).table.iloc[0]
    uneven = gini(worth, confidence_level=confidence_level)
    return Concentration(
        top=float(best["share_of_customers"]),
        customers=int(best["customers"]),
        share=_bounded(best["share_of_total"], best["lower"], best["upper"]),
        gini=None
        if math.isnan(uneven.coefficient)
        else Estimate(uneven.coefficient)
        if uneven.interval is None
        else between(uneven.coefficient, uneven.interval),
    )


def _bounded(value: float, lower: float, upper: float) -> Estimate | None:
    """With the bounds that exist."""
    if math.isnan(value):
        return None
    low, high = (float(bound) if math.isfinite(bound) else None for bound in (lower, upper))
    return Estimate(float(value), low, high)


# ── Tiers and RFM ───────────────────────────────────────────────────────────────────────────────────


def _thresholds(worth: FloatArray) -> FloatArray:
    """Where the better half, fifth and twentieth begin, in amounts that one can remember."""
    found = {float(f"{quantile_thresholds(worth, [q])[0]:.2g}") for q in _QUANTILES}
    return np.array(sorted(cut for cut in found if cut > 0))


def _tiers(question: Question[FrameT], found: Answer[FrameT], cuts: FloatArray) -> tuple[Tier, ...]:
    """Highest first."""
    worth = found.values.lifetime_value
    table = value_tiers(worth, cuts, confidence_level=question.confidence_level)
    spread = None if worth.size > _MOST_ASKED else _spread(question, found, cuts)
    edges = [None, *cuts.tolist(), None]
    return tuple(
        Tier(
            label=table.labels[k],
            at_least=edges[k],
            below=edges[k + 1],
            customers=int(table.customers[k]),
            customer_share=Estimate(
                float(table.customer_share[k]),
                float(table.customer_share_lower[k]),
                float(table.customer_share_upper[k]),
            ),
            value=float(table.value[k]),
            value_share=_bounded(
                table.value_share[k], table.value_share_lower[k], table.value_share_upper[k]
            ),
            expected=None
            if spread is None
            else Estimate(
                float(spread.expected_customers[k]),
                float(spread.expected_customers_lower[k]),
                float(spread.expected_customers_upper[k]),
            ),
            sure=None if spread is None else int(np.sum(spread.is_sure & (spread.likeliest == k))),
        )
        for k in reversed(range(cuts.size + 1))
    )


def _spread(question: Question[FrameT], found: Answer[FrameT], cuts: FloatArray) -> TierProbabilities:
    """How likely each customer is to end in each tier, from the quantiles of what he will be worth."""
    columns = [found.terms.predicted(found.histories, question.horizon, level) for level in _LEVELS]
    # Lower bounds from the wide to the narrow interval, then the upper ones back.
    quantiles = np.column_stack([*(low for low, _ in columns), *(high for _, high in reversed(columns))])
    tails = [0.5 * (1.0 - level) for level in _LEVELS]
    return tier_probability_from_quantiles(
        np.maximum.accumulate(quantiles, axis=1),
        [*tails, *(1.0 - tail for tail in reversed(tails))],
        cuts,
        sure=SURE,
        confidence_level=question.confidence_level,
    )


def _rfm(found: Answer[FrameT]) -> tuple[RfmSegment, ...]:
    """By name, those who hold most of the value first."""
    values = found.values
    seen = pd.DataFrame(
        {
            "time_since_last": values.time_since_last,
            "frequency": values.frequency + 1.0,
            "spend": np.nan_to_num(values.frequency * values.mean_spend),
        }
    )
    scored = rfm_scores(seen).frame
    names = rfm_segments(scored["r_score"], scored["f_score"])
    total = float(values.lifetime_value.sum())
    rows = [
        RfmSegment(
            name=str(name),
            customers=int(mine.sum()),
            share=float(mine.mean()),
            time_since_last=float(values.time_since_last[mine].mean()),
            purchases=float(values.frequency[mine].mean()) + 1.0,
            value=float(values.lifetime_value[mine].sum()),
            value_share=float(values.lifetime_value[mine].sum()) / total if total > 0 else None,
        )
        for name, mine in ((name, names == name) for name in np.unique(names))
    ]
    return tuple(sorted(rows, key=lambda row: -row.value))


# ── The five lenses ─────────────────────────────────────────────────────────────────────────────────


def _change(question: Question[FrameT], found: Answer[FrameT]) -> tuple[BaseChange | None, str]:
    if question.amount is None:
        return None, "The log has no amounts, so there is no money to compare."
    period = log_period(found)
    try:
        audit = base_audit(
            _amounts(question, question.amount),
            customer=question.customer,
            date=question.date,
            amount=question.amount,
            end=question.end,
            period=period,
            time_zone=question.time_zone,
            confidence_level=question.confidence_level,
        )
    except InvalidInputError:
        # The histories have been checked: what is left is that the first period is not over.
        return None, f"The first {period} with customers is not over, so there is none to look at."
    if audit.one_period.empty:
        return None, f"Nobody bought in the last {period} that is over."
    return _of_audit(audit), ""


def _amounts(question: Question[FrameT], amount: str) -> FrameT:
    """The rows whose money counts: refunds are netted, or left out like amounts of 0."""
    keep: nw.Expr | None = None
    if question.refunds == "drop":
        keep = nw.col(amount) >= 0
    if question.zero_amounts == "drop":
        keep = nw.col(amount) != 0 if keep is None else nw.col(amount) > 0
    if keep is None:
        return question.log
    return cast("FrameT", nw.from_native(cast("Any", question.log)).filter(keep).to_native())


def _of_audit(audit: BaseAudit) -> BaseChange:
    one, stack = audit.one_period, audit.whole_base
    amount = float(one["amount"].sum())
    age, cohorts = _compared(audit)
    periods = np.sort(stack["period"].unique())
    last = stack["period"].to_numpy() == periods[-1]
    recent = max(1, round(0.2 * periods.size))
    young = last & (stack["cohort"].to_numpy() >= periods[-recent])
    return BaseChange(
        period=audit.period,
        start=audit.start,
        end=audit.end,
        customers=int(one["customers"].sum()),
        purchases=int(one["purchases"].sum()),
        amount=amount,
        top_share=float(one["share_of_amount"].iloc[0]) if amount > 0 and len(one) > 1 else None,
        kept=None if audit.kept_interval is None else between(audit.kept_share, audit.kept_interval),
        kept_reason=audit.reason,
        movements=tuple(
            Movement(str(row["group"]), int(row["customers"]), *(float(row[side]) for side in _SIDES))
            for row in audit.two_periods.to_dict("records")
        ),
        age=age,
        cohorts=cohorts,
        newcomers=float(stack["amount"].to_numpy(dtype=np.float64)[young].sum()) / amount
        if amount > 0
        else None,
        newcomer_periods=recent,
    )


def _compared(audit: BaseAudit) -> tuple[int | None, tuple[CohortAtAge, ...]]:
    """The oldest cohort, and the newest that was watched for at least half as long, at the same age."""
    rows = audit.same_age.to_dict("records")
    watched: dict[pd.Timestamp, int] = {}
    for row in rows:
        watched[row["cohort"]] = max(watched.get(row["cohort"], 0), int(row["age"]))
    least = max(1, max(watched.values()) // 2)
    long_enough = sorted(cohort for cohort, age in watched.items() if age >= least)
    if len(long_enough) < 2:
        return None, ()
    compared = (long_enough[0], long_enough[-1])
    age = watched[compared[1]]
    return age, tuple(
        CohortAtAge(row["cohort"].date(), int(row["acquired"]), float(row["cumulative_per_acquired"]))
        for row in rows
        if row["cohort"] in compared and int(row["age"]) == age
    )
