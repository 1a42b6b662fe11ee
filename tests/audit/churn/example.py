"""Reports on who comes back and who leaves made by hand: every part filled, hostile names where asked."""

from __future__ import annotations

from datetime import date

from customer_centric.audit.churn.report import (
    Activity,
    ChurnPeriod,
    ContractReport,
    ContractSettings,
    PublishedRate,
    Retention,
    RetentionAge,
    ReturnReport,
    Silence,
    Stay,
    Stays,
)
from customer_centric.audit.plain import Estimate, LogCount


def example_returns() -> ReturnReport:
    return ReturnReport(
        retention=Retention(
            period="month",
            cohorts=3,
            first_day=date(2024, 1, 1),
            ages=(
                RetentionAge(1, 3, 2357, 345, Estimate(0.146, 0.135, 0.159)),
                RetentionAge(17, 1, 781, 33, Estimate(0.042, 0.032, 0.056)),
            ),
        ),
        silence=Silence(
            threshold=43.86,
            unit="week",
            allowed=0.1,
            false_churn=Estimate(0.0998, 0.083, 0.119),
            declared=1800,
            recovered=173,
            recovered_share=Estimate(0.0961, 0.085, 0.108),
        ),
        activity=Activity(
            model="MBG/NBD",
            customers=2357,
            expected=Estimate(978.5, 831.4, 1125.5),
            later=849.2,
            rate=Estimate(0.1417, 0.121, 0.166),
        ),
        confidence_level=0.9,
    )


def example_contracts(name: str = "id") -> ContractReport:
    months = [date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
    return ContractReport(
        settings=ContractSettings(
            source="contracts.csv" if name == "id" else name,
            customer=name,
            begins=name,
            ends=name,
            end=date(2024, 12, 31),
            grace_days=1,
            time_zone=None,
            confidence_level=0.95,
            version="0.1.0",
            command="",
        ),
        log=(LogCount("subscriptions read", 4000), LogCount("customers", 3900)),
        year=_period(date(2023, 12, 31), date(2024, 12, 31), Estimate(0.923, 0.875, 0.973), 1396),
        definitions=(
            PublishedRate("exposure", 1396, 1512.1, 0.923, "rate", "the founding definition"),
            PublishedRate("daily sum", 0.9267, 1, 0.9267, "rate", "a vendor"),
            PublishedRate("end", 1396, 0, None, "ratio", "textbooks"),
        ),
        months=(
            _period(months[0], months[1], Estimate(0.074, 0.06, 0.08), 92),
            _period(months[1], months[2], Estimate(0.136, 0.09, 0.15), 151),
            _period(months[2], months[3], None, 0),
        ),
        stays=Stays(
            customers=4000,
            lost=2235,
            median=Estimate(7.36, 7.03, None),
            stays=(Stay(1.0, 3815, Estimate(0.993, 0.99, 0.995)),),
        ),
        notes=(f"A note on {name}.",),
    )


def _period(start: date, end: date, rate: Estimate | None, lost: int) -> ChurnPeriod:
    return ChurnPeriod(
        start=start,
        end=end,
        rate=rate,
        base=1512.1,
        lost=lost,
        lost_opening=min(lost, 651),
        opening=1203,
        gained=1950,
        reactivated=8,
        closing=1203 + 1958 - lost,
        reason=None if rate is not None else "there are no customers in the base (exposure)",
    )
