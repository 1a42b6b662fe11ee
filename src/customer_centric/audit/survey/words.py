"""What a survey says in words, the same in the text and on the page."""

from __future__ import annotations

from datetime import date
from typing import Final

from customer_centric._core.words import counted
from customer_centric.audit.plain import Estimate
from customer_centric.audit.survey.report import SurveyReport, SurveyTrend, SurveyWave, Wave
from customer_centric.audit.words import MISSING, MONTHS, amount, count, day, share

__all__: list[str] = []

_SMALL_P: Final = 0.001
_FEW: Final = 5


def points(value: float) -> str:
    """A score with one decimal: 30.0, -4.5."""
    return amount(value, 1)


def bounds(estimate: Estimate | None) -> str:
    """The bounds of a score: 14.0 to 44.3."""
    if estimate is None or estimate.lower is None or estimate.upper is None:
        return MISSING
    return f"{points(estimate.lower)} to {points(estimate.upper)}"


def wave(first_day: date, kind: Wave) -> str:
    """Name of a stretch of time: January 2024, 1st quarter 2024, week of 1 January 2024."""
    if kind == "month":
        return f"{MONTHS[first_day.month - 1]} {first_day.year}"
    if kind == "quarter":
        return f"Q{(first_day.month + 2) // 3} {first_day.year}"
    if kind == "year":
        return str(first_day.year)
    return f"week of {day(first_day)}" if kind == "week" else day(first_day)


def _chance(p_value: float) -> str:
    return f"p = {p_value:.3f}" if p_value >= _SMALL_P else f"p < {_SMALL_P:g}"


def level(report: SurveyReport) -> str:
    """Nominal coverage of the intervals: 95 %, 99.5 %."""
    return f"{100 * report.settings.confidence_level:g} %"


def headline(report: SurveyReport) -> str:
    """The finding in one sentence."""
    score = report.score
    return (
        f"Net Promoter Score {points(score.score.value)} ({level(report)} interval "
        f"{bounds(score.score)}), from {counted(score.answers, 'answer')}."
    )


def shares(report: SurveyReport) -> str:
    """How the score comes about."""
    promoters, _, detractors = report.score.classes
    classes = (
        f"{counted(part.answers, part.name.removesuffix('s'))} ({part.ratings})"
        for part in report.score.classes
    )
    return (
        f"{counted(report.score.answers, 'answer')}: {', '.join(classes)}. {share(promoters.share, 1)} less "
        f"{share(detractors.share, 1)} makes {points(report.score.score.value)} points."
    )


def certainty(report: SurveyReport) -> str:
    """What the interval means, and what it leaves out."""
    score = report.score.score
    lower, upper = score.lower, score.upper
    if lower is None or upper is None:
        return "These answers give no interval."
    verdict = "It holds 0, so these answers do not tell whether promoters or detractors are more."
    if lower > 0:
        verdict = "It lies above 0, so promoters are more than detractors by more than chance explains."
    elif upper < 0:
        verdict = "It lies below 0, so detractors are more than promoters by more than chance explains."
    often = level(report).removesuffix(" %")
    return (
        f"The {level(report)} interval is from {points(lower)} to {points(upper)}: in {often} of 100 "
        "surveys like this one it would hold the score of all customers like those who answered. "
        f"{verdict} It knows nothing of customers who did not answer."
    )


def reach(report: SurveyReport) -> str:
    """What the next survey could find."""
    score = report.score
    if score.detectable is None:
        return "As few answers as these could find no change at all the next time."
    return (
        f"With as many answers the next time, a change of {points(score.detectable)} points would be found "
        f"with {share(score.power)} probability; a smaller one may well pass for chance."
    )


def design(report: SurveyReport) -> str:
    """What it does that customers answered more than once; empty where they did not."""
    score = report.score
    if score.customers is None or score.customers == score.answers:
        return ""
    worth = (
        ""
        if score.effective_answers is None or score.effective_answers >= score.answers
        else f", worth {count(score.effective_answers)} answers of different ones"
    )
    return (
        f"The answers are of {counted(score.customers, 'customer')}, some of whom answered more than once; "
        f"answers of one customer count as a group{worth}."
    )


def silence(report: SurveyReport) -> str:
    """How far those without an answer could move the score; empty where there are none."""
    score = report.score
    if not score.missing or score.everybody is None:
        return ""
    rows = "1 row has" if score.missing == 1 else f"{count(score.missing)} rows have"
    return (
        f"{rows} no answer. If these are customers who were asked, the score of all who were asked lies "
        f"between {points(score.everybody.lower or 0.0)} and {points(score.everybody.upper or 0.0)}, "
        "depending on what they think."
    )


def findings(report: SurveyReport) -> list[str]:
    """What there is to say about the score, a paragraph each."""
    parts = (certainty(report), reach(report), design(report), silence(report))
    return [part for part in parts if part]


def key_figures(report: SurveyReport) -> list[tuple[str, str, str]]:
    """Label, number and detail of the three classes."""
    return [
        (part.name.capitalize(), share(part.share), f"{counted(part.answers, 'answer')} of {part.ratings}")
        for part in report.score.classes
    ]


def trend(report: SurveyReport) -> str:
    """Where the score is going."""
    found = report.trend
    if found is None:
        return ""
    return f"{_slope(report, found)} {_limits(report, found)}".strip()


def _slope(report: SurveyReport, found: SurveyTrend) -> str:
    if found.slope is None or found.p_value is None:
        return f"There are too few {found.wave}s for a slope."
    way = "rose" if found.slope.value >= 0 else "fell"
    certain = found.p_value < 1 - report.settings.confidence_level
    verdict = "more than chance explains" if certain else "which chance alone could explain"
    hidden = ""
    if not certain and found.detectable is not None:
        hidden = (
            f" A slope of {points(found.detectable)} points a year would have been found with "
            f"{share(found.power)} probability."
        )
    first, last = found.waves[0].first_day, found.waves[-1].first_day
    return (
        f"From {wave(first, found.wave)} to {wave(last, found.wave)} the score {way} by "
        f"{points(abs(found.slope.value))} points a year ({level(report)} interval of the slope "
        f"{bounds(found.slope)}, {_chance(found.p_value)}), {verdict}.{hidden}"
    )


def _limits(report: SurveyReport, found: SurveyTrend) -> str:
    meant = f"between which {level(report)} of {found.wave}s stay if nothing but chance moves them"
    outside = [item for item in found.waves if item.outside]
    if not outside:
        return f"No {found.wave} lies outside its control limits, {meant}."
    named = ", ".join(_named(item, found.wave) for item in outside[:_FEW])
    more = f" and {len(outside) - _FEW} more" if len(outside) > _FEW else ""
    lie = f"1 {found.wave} lies" if len(outside) == 1 else f"{len(outside)} {found.wave}s lie"
    return f"{lie} outside the control limits, {meant}: {named}{more}."


def _named(item: SurveyWave, kind: Wave) -> str:
    return f"{wave(item.first_day, kind)} ({points(item.score.value)})"


def groups(report: SurveyReport) -> str:
    """Whether groups differ, and how to read their order."""
    found = report.groups
    if found is None:
        return ""
    scored = [group for group in found.groups if group.score is not None]
    if len(scored) <= 1 or found.p_value is None:
        return "There are too few groups with answers to compare."
    if found.p_value < 1 - report.settings.confidence_level:
        verdict = f"The groups differ by more than chance explains ({_chance(found.p_value)})."
    else:
        verdict = f"Chance alone could make groups differ as much as these do ({_chance(found.p_value)})."
    return (
        f"{verdict} Shrunken scores are drawn towards the others, the more so the fewer answers a group has: "
        "they are the better guess of what it will say next time. A rank is as sure as its range."
    )


def value(report: SurveyReport) -> str:
    """What promoters are worth beside detractors."""
    found = report.value
    if found is None:
        return ""
    who = (
        f"Of {counted(found.matched + found.unmatched, 'customer')} who answered, {count(found.matched)} are "
        f"in the log; {count(found.silent)} more are in it and did not answer."
    )
    if found.gap is None:
        return f"{who} Promoters and detractors are not both among them, so there is nothing to compare."
    more = "more" if found.gap.value >= 0 else "less"
    return (
        f"{who} Promoters are worth {amount(abs(found.gap.value))} {more} than detractors in mean lifetime "
        f"value ({_range_of_gap(report, found.gap)}). That is an association: those who buy much may rate "
        "kindly, and those who rate kindly may buy much."
    )


def _range_of_gap(report: SurveyReport, gap: Estimate) -> str:
    if gap.lower is None or gap.upper is None:
        return "of so few customers that nothing limits the difference"
    bounded = f"{level(report)} interval of the difference {amount(gap.lower)} to {amount(gap.upper)}"
    return f"{bounded}, which holds 0: it may be chance" if gap.lower <= 0 <= gap.upper else bounded


def settings_rows(report: SurveyReport) -> list[tuple[str, str]]:
    """What was asked, name by name."""
    s = report.settings
    rows = [
        ("Ratings", s.source),
        ("Rating", s.rating),
        ("Day of the answer", s.answered or "none"),
        ("Group", s.group or "none"),
        ("Customer", s.customer or "none"),
        ("Trend by", s.wave or "none"),
        ("Intervals of ratings", level(report)),
    ]
    return rows if not s.command else [*rows, ("Version", f"customer_centric {s.version}")]


def key_figure(report: SurveyReport) -> tuple[str, str, str]:
    """Label, number and detail of the score."""
    score = report.score.score
    return "Net Promoter Score", points(score.value), bounds(score)


_METHOD: Final = """\
Promoters answer 9 or 10, passives 7 or 8, detractors 0 to 6. The score is the share of promoters less the
share of detractors, in points. Rows without an answer are left out of it and counted.

The interval is Tango's score interval for the difference of two shares of the same answers. Where customers
answered more than once, it counts as many answers of different customers as would tell as much.
"""


_METHOD_TREND: Final = """\
The slope is that of a straight line through the waves, in points a year. Control limits are those of the
score of all waves for as many answers as each wave has: they come from the answers, not from the scatter of
past scores.
"""

_METHOD_GROUPS: Final = """\
Shrunken scores are empirical Bayes estimates: the spread of the true scores of groups is estimated from all
of them, and each is drawn to the mean by as much as its own answers fail to tell.
"""

_METHOD_VALUE: Final = """\
Lifetime value by class takes one answer a customer, the last one. Intervals of means allow for a few
customers who are worth more than all others, and take the values of the customers as known.
"""


def method(report: SurveyReport) -> list[str]:
    """How the numbers come about, a paragraph each."""
    parts = [
        *_METHOD.split("\n\n"),
        *([_METHOD_TREND] if report.trend else []),
        *([_METHOD_GROUPS] if report.groups else []),
        *([_METHOD_VALUE] if report.value else []),
    ]
    return [" ".join(paragraph.split()) for paragraph in parts]


def sources(report: SurveyReport) -> dict[str, str]:
    """Where that is written: names by link."""
    return {
        **_SOURCES,
        **(_SOURCES_GROUPS if report.groups else {}),
        **(_SOURCES_VALUE if report.value else {}),
    }


_SOURCES: Final = {
    "https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C891%3A%3AAID-SIM780%3E3.0.CO%3B2-B": (
        "Tango (1998), Equivalence test and confidence interval for the difference in proportions for the "
        "paired-sample design (interval of the score)"
    ),
}
_SOURCES_GROUPS: Final = {
    "https://doi.org/10.1080/01621459.1983.10477920": (
        "Morris (1983), Parametric empirical Bayes inference: theory and applications (shrunken scores)"
    ),
}
_SOURCES_VALUE: Final = {
    "https://doi.org/10.1111/j.2517-6161.1992.tb01876.x": (
        "Hall (1992), On the removal of skewness by transformation (intervals of mean values)"
    ),
}
