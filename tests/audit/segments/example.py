"""A report on segments made by hand: every part filled."""

from __future__ import annotations

from datetime import date

from customer_centric.audit.plain import Estimate
from customer_centric.audit.segments.report import (
    BaseChange,
    CohortAtAge,
    Concentration,
    Movement,
    NewCustomer,
    RfmSegment,
    SegmentReport,
    Tier,
)


def example_segments() -> SegmentReport:
    return SegmentReport(
        concentration=Concentration(
            top=0.1998,
            customers=471,
            share=Estimate(0.8, 0.786, 0.814),
            gini=Estimate(0.732, 0.718, 0.745),
        ),
        tiers=(
            Tier(
                label="54 or more",
                at_least=54.0,
                below=None,
                customers=475,
                customer_share=Estimate(0.2015, 0.188, 0.2155),
                value=93638.5,
                value_share=Estimate(0.8018, 0.781, 0.8211),
                expected=Estimate(426.5, 398.0, 455.0),
                sure=92,
            ),
            Tier(
                label="below 54",
                at_least=None,
                below=54.0,
                customers=1882,
                customer_share=Estimate(0.7985, 0.7845, 0.812),
                value=23137.9,
                value_share=Estimate(0.1982, 0.179, 0.219),
                expected=Estimate(1930.5, 1902.0, 1959.0),
                sure=1411,
            ),
        ),
        tier_reason="",
        tiers_given=False,
        sure=0.8,
        rfm=(
            RfmSegment(
                name="champions",
                customers=943,
                share=0.4001,
                time_since_last=25.7,
                purchases=5.3,
                value=106327.0,
                value_share=0.9105,
            ),
            RfmSegment(
                name="dormant",
                customers=1414,
                share=0.5999,
                time_since_last=73.5,
                purchases=1.0,
                value=10449.4,
                value_share=0.0895,
            ),
        ),
        change=BaseChange(
            period="month",
            start=date(1998, 6, 1),
            end=date(1998, 6, 30),
            customers=138,
            purchases=168,
            amount=5590.87,
            top_share=0.2846,
            kept=Estimate(0.306, 0.245, 0.375),
            kept_reason=None,
            movements=(
                Movement("new", 0, 0.0, 0.0),
                Movement("returned", 97, 0.0, 3892.76),
                Movement("up", 16, 610.98, 976.64),
                Movement("level", 1, 23.98, 23.98),
                Movement("down", 24, 1598.2, 697.49),
                Movement("lost", 93, 4144.98, 0.0),
            ),
            age=15,
            cohorts=(
                CohortAtAge(date(1997, 1, 1), 781, 97.36),
                CohortAtAge(date(1997, 3, 1), 719, 103.7),
            ),
            newcomers=0.125,
            newcomer_periods=4,
        ),
        change_reason="",
        new_customer=NewCustomer(
            acquisition_cost=25.0,
            lifetime_value=Estimate(72.41, 64.08, 81.82),
            first_purchase=10.74,
            ratio=Estimate(2.8964, 2.5632, 3.2728),
            payback=48,
            unit="week",
        ),
        confidence_level=0.9,
    )
