"""A report made by hand: every part of it filled, with hostile names where users write them."""

from __future__ import annotations

from datetime import date

from customer_centric.audit.plain import Estimate, LogCount
from customer_centric.audit.report import (
    AuditReport,
    CustomerBase,
    CustomerValue,
    FittedModel,
    FrequencyClass,
    Holdout,
    ModelScore,
    Parameter,
    Portfolio,
    Settings,
    ValueGroup,
)

HOSTILE = "<script>alert('id')</script> & \"co\""


def example_report(*, customer: str = "00123") -> AuditReport:
    settings = Settings(
        source="the bundled CDNOW sample",
        customer="customer",
        date_column="date",
        amount="amount",
        end=date(1998, 6, 30),
        unit="week",
        period="day",
        margin=0.3,
        discount_rate=0.1,
        horizon=None,
        confidence_level=0.9,
        refunds="raise",
        zero_amounts="keep",
        time_zone=None,
        version="0.1.0",
        command="python -m customer_centric audit --end 1998-06-30 --unit week --margin 0.3",
    )
    log = (
        LogCount("transactions read", 6919),
        LogCount("amounts of zero, kept as purchases", 8),
        LogCount("merged into a purchase of the same day", 223),
        LogCount("purchases", 6696),
        LogCount("customers read", 2357),
        LogCount("customers with a history", 2357),
        LogCount("of them with a repeat purchase", 1111),
    )
    base = CustomerBase(
        customers=2357,
        repeat_customers=1111,
        purchases=6696,
        repeat_spend=158230.5,
        first_day=date(1997, 1, 1),
        alive=1002.4,
    )
    return AuditReport(
        settings=settings,
        log=log,
        base=base,
        holdout=_holdout(),
        reason=(
            "MBG/NBD has the best log-score in the holdout, and no model with fewer parameters is within one "
            "standard error of it."
        ),
        purchases=FittedModel(
            name="MBG/NBD",
            parameters=(
                Parameter("r", Estimate(0.5248, 0.4061, 0.6783), 0.0833),
                Parameter("alpha", Estimate(6.1831, 5.1351, 7.445), 0.6956),
                Parameter("a", Estimate(0.8914, 0.3331, 2.3853), 0.5375),
                Parameter("b", Estimate(1.6140), None),
            ),
            log_likelihood=-9582.1357,
            customers=2357,
            boundary="equal dropout rate",
        ),
        spend=FittedModel(
            name="Gamma-Gamma",
            parameters=(
                Parameter("p", Estimate(6.2496, 4.57, 8.55), 1.19),
                Parameter("q", Estimate(3.7442, 3.3, 4.25), 0.2901),
                Parameter("gamma", Estimate(15.4435, 9.96, 23.95), 4.159),
            ),
            log_likelihood=-4055.9177,
            customers=946,
        ),
        spend_verdict="Nothing says that spend depends on frequency (correlation 0.06).",
        lifetime=Portfolio(
            value=Estimate(43210.4, 39870.2, 46550.1),
            purchases=None,
            parameter_error=1712.3,
            process_error=1011.9,
        ),
        next_year=Portfolio(
            value=Estimate(16104.2, 15020.7, 17201.0),
            purchases=Estimate(1512.3, 1420.4, 1604.2),
            parameter_error=480.0,
            process_error=455.0,
        ),
        groups=tuple(
            ValueGroup(
                label=f"Tenth {i + 1}" if i else "The most valuable tenth",
                customers=236 if i < 7 else 235,
                value=43210.4 * part,
                share=part,
                cumulative_share=sum(_SHARES[: i + 1]),
            )
            for i, part in enumerate(_SHARES)
        ),
        top=tuple(_customer(i, customer) for i in range(10)),
        notes=(
            "BG/NBD takes every customer without a repeat purchase to be active for ever.",
            "8 purchases have an amount of 0; they count as purchases.",
        ),
    )


_SHARES = (0.512, 0.171, 0.098, 0.066, 0.047, 0.035, 0.027, 0.021, 0.014, 0.009)


def _customer(i: int, name: str) -> CustomerValue:
    scale = 0.87**i
    return CustomerValue(
        customer=name if i == 0 else f"{1000 + 37 * i:05d}",
        frequency=29 - i,
        recency=71.4 - i,
        age=77.6,
        mean_spend=None if i == 3 else 48.2 * scale,
        probability_alive=Estimate(0.997 - 0.01 * i, 0.981 - 0.015 * i, 0.999 - 0.008 * i),
        expected_purchases=Estimate(15.2 * scale, 9.1 * scale, 22.0 * scale),
        expected_spend=Estimate(47.1 * scale, 39.0 * scale, 56.0 * scale),
        lifetime_value=Estimate(812.4 * scale, 630.1 * scale, 1047.0 * scale),
        predicted_value=Estimate(812.4 * scale, 430.1 * scale, 1290.7 * scale),
    )


def _holdout() -> Holdout:
    return Holdout(
        calibration_end=date(1997, 9, 30),
        length=39.0,
        customers=2357,
        actual=1882,
        expected=Estimate(1576.7, 1440.0, 1713.0),
        scores=(
            ModelScore(
                name="Pareto/NBD",
                n_parameters=4,
                log_likelihood=-9594.97618,
                log_score=-0.9871,
                behind=0.0,
                behind_error=0.0,
                expected=1665.5,
                total_error=-0.115,
                mean_absolute_error=0.752,
            ),
            ModelScore(
                name="MBG/NBD",
                n_parameters=4,
                log_likelihood=-9582.1357,
                log_score=-0.9874,
                behind=0.0003,
                behind_error=0.0011,
                expected=1576.7,
                total_error=-0.162,
                mean_absolute_error=0.749,
            ),
            ModelScore(
                name="NBD",
                n_parameters=2,
                log_likelihood=-9763.66,
                log_score=-1.0713,
                behind=0.0842,
                behind_error=0.0081,
                expected=2606.0,
                total_error=0.385,
                mean_absolute_error=1.01,
                boundary="no dropout",
            ),
            ModelScore(
                name="buys as before",
                n_parameters=0,
                log_likelihood=None,
                log_score=None,
                behind=None,
                behind_error=None,
                expected=2458.0,
                total_error=0.306,
                mean_absolute_error=0.911,
            ),
        ),
        classes=(
            FrequencyClass("0", 1411, 0.237, 0.213),
            FrequencyClass("1", 439, 0.697, 0.601),
            FrequencyClass("2", 214, 1.393, 1.112),
            FrequencyClass("3", 100, 1.56, 1.61),
            FrequencyClass("4", 62, 2.532, 2.2),
            FrequencyClass("5", 38, 2.947, 2.71),
            FrequencyClass("6", 29, 3.862, 3.4),
            FrequencyClass("7+", 64, 6.359, 6.12),
        ),
    )
