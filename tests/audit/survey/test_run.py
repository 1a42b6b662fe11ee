"""From ratings to a report: numbers as the topic gives them, and for every survey an answer or a reason."""

from __future__ import annotations

import json
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_centric.audit import (
    SurveyQuestion,
    SurveyReport,
    render_survey_html,
    render_survey_text,
    render_text,
    report_mapping,
    run_audit,
    run_survey,
    survey_mapping,
)
from customer_centric.audit.survey.run import answer_survey
from customer_centric.audit.survey.worth import Worth
from customer_centric.datasets import load_cdnow_sample
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.nps import (
    compare_nps,
    net_promoter_score,
    nonresponse_bounds,
    nps_by,
    nps_trend,
    nps_value_gap,
)


def survey(n: int = 300) -> pd.DataFrame:
    """Customers of four regions, some of whom answer twice, and some not at all."""
    rng = np.random.default_rng(7)
    region = rng.choice(["north", "south", "east", "west"], n)
    score = np.clip(np.round(8 + (region == "north") + 1.5 * rng.normal(size=n)), 0, 10)
    score[rng.random(n) < 0.1] = np.nan
    day = np.datetime64("2024-01-10") + rng.integers(0, 200, n)
    return pd.DataFrame(
        {"id": [f"c{i:03d}" for i in rng.integers(0, 200, n)], "score": score, "region": region, "when": day}
    )


def ask(frame: object, **options: object) -> SurveyReport:
    return answer_survey(SurveyQuestion(survey=frame, rating="score", **options)).report  # type: ignore[arg-type]


# ── Numbers ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_score_is_that_of_the_topic() -> None:
    report, frame = ask(survey()), survey()
    nps = net_promoter_score(frame["score"], invited=len(frame))
    score = report.score
    assert (score.score.value, score.score.lower, score.score.upper) == (
        nps.score,
        nps.interval.lower,
        nps.interval.upper,
    )
    assert [part.answers for part in score.classes] == [nps.promoters, nps.passives, nps.detractors]
    assert [part.ratings for part in score.classes] == ["9-10", "7-8", "0-6"]
    assert score.detectable == compare_nps(nps, nps).detectable
    assert score.missing == nps.n_missing > 0
    assert score.everybody is not None
    assert score.everybody.lower == nonresponse_bounds(nps).interval.lower
    assert score.customers is None
    assert report.trend is report.groups is report.value is None
    assert {item.what: item.count for item in report.log} == {
        "rows read": 300,
        "rows without an answer, left out": nps.n_missing,
        "answers": nps.n,
    }


def test_answers_of_one_customer_are_a_cluster() -> None:
    frame = survey()
    report = ask(frame, customer="id")
    nps = net_promoter_score(frame["score"], clusters=frame["id"])
    assert report.score.standard_error == pytest.approx(nps.standard_error)
    assert report.score.customers == frame.dropna()["id"].nunique() < report.score.answers
    assert "some of whom answered more than once" in render_survey_text(report)


def test_customers_who_answer_once_change_nothing() -> None:
    frame = survey().assign(id=range(300))
    assert ask(frame, customer="id").score.score == ask(frame).score.score


def test_answers_without_a_name_are_of_different_customers() -> None:
    frame = survey()
    frame.loc[:49, "id"] = None
    named = frame.assign(id=[f"x{i}" if pd.isna(name) else name for i, name in enumerate(frame["id"])])
    report = ask(frame, customer="id")
    assert report.score.standard_error == pytest.approx(ask(named, customer="id").score.standard_error)
    said = {item.what: item.count for item in report.log}
    unnamed = int(frame["score"][:50].notna().sum())
    assert said["answers without a customer, taken for different ones"] == unnamed
    assert said["customers who answered"] + unnamed == report.score.customers


def test_groups_are_those_of_the_topic_highest_first() -> None:
    report = ask(survey(), group="region")
    found = nps_by(survey(), "region", rating="score")
    frame = found.frame.set_index("region")
    assert report.groups is not None
    assert report.groups.p_value == found.p_value
    scores = [group.score.value for group in report.groups.groups if group.score is not None]
    assert scores == sorted(scores, reverse=True)
    for group in report.groups.groups:
        row = frame.loc[group.label]
        assert group.answers == row["n"]
        assert group.score is not None
        assert group.shrunken is not None
        assert (group.score.value, group.score.upper) == (row["score"], row["upper"])
        assert group.shrunken.lower == row["shrunken_lower"]
        assert (group.rank_lower, group.rank_upper) == (row["rank_lower"], row["rank_upper"])


def test_groups_without_a_name_or_an_answer_are_shown() -> None:
    frame = pd.DataFrame({"score": [9, 3, None, 8], "plan": ["a", None, "b", "a"]})
    report = ask(frame, group="plan")
    assert report.groups is not None
    assert [group.label for group in report.groups.groups] == ["a", "(none)", "b"]
    silent = report.groups.groups[-1]
    assert (silent.answers, silent.missing, silent.score, silent.rank_lower) == (0, 1, None, None)
    render_survey_html(report)


@pytest.mark.parametrize("plan", [[1, 2, 1, 2], [True, False, True, False], pd.Categorical(list("abab"))])
def test_groups_may_be_numbers_flags_or_categories(plan: object) -> None:
    frame = pd.DataFrame({"score": [9, 3, 10, 8]}).assign(plan=plan)
    report = ask(frame, group="plan")
    assert report.groups is not None
    assert [group.answers for group in report.groups.groups] == [2, 2]


def test_very_many_groups_are_cut_and_it_is_said() -> None:
    frame = pd.DataFrame({"score": [9] * 100 + [8] * 5, "who": [*range(100), 0, 1, 2, 3, 4]})
    report = ask(frame, group="who")
    assert report.groups is not None
    assert len(report.groups.groups) == 30
    assert {group.label for group in report.groups.groups} >= {"0", "1", "2", "3", "4"}
    assert any(note.startswith("The ratings have 100 groups with answers.") for note in report.notes)


def test_the_trend_is_that_of_the_topic() -> None:
    report, frame = ask(survey(), answered="when"), survey().dropna()
    found = nps_trend(frame, rating="score", answered="when", period="month")
    assert report.trend is not None
    assert report.settings.wave == report.trend.wave == "month"
    assert report.trend.slope is not None
    assert (report.trend.slope.value, report.trend.p_value) == (found.slope, found.p_value)
    assert [wave.answers for wave in report.trend.waves] == found.frame["n"].tolist()
    assert report.trend.waves[0].first_day.isoformat() == "2024-01-01"
    for wave, (_, row) in zip(report.trend.waves, found.frame.iterrows(), strict=True):
        assert wave.limits.value == found.centre
        assert wave.outside == (not row["limit_lower"] <= row["score"] <= row["limit_upper"])


def test_waves_are_months_for_two_years_and_quarters_beyond() -> None:
    frame = pd.DataFrame({"score": [9, 8, 3], "when": ["2022-01-31", "2023-05-05", "2023-12-01"]})
    assert ask(frame, answered="when").settings.wave == "month"
    frame.loc[2, "when"] = "2024-01-01"
    assert ask(frame, answered="when").settings.wave == "quarter"
    assert ask(frame, answered="when", wave="year").settings.wave == "year"


def test_those_who_did_not_answer_need_no_day() -> None:
    frame = pd.DataFrame(
        {"score": [None, 9, 8, None, 3], "when": [None, "2024-01-31", "2024-02-05", "never", "2024-03-01"]}
    )
    report = ask(frame, answered="when")
    assert report.trend is not None
    assert [wave.answers for wave in report.trend.waves] == [1, 1, 1]


def test_days_of_instants_are_those_of_a_zone() -> None:
    frame = pd.DataFrame(
        {"score": [9, None, 3], "when": ["2024-01-31T23:30:00Z", None, "2024-03-01T12:00:00Z"]}
    )
    report = ask(frame, answered="when", time_zone="Europe/Berlin")
    assert report.trend is not None
    assert [wave.first_day.month for wave in report.trend.waves] == [2, 3]
    aware = frame.assign(when=pd.to_datetime(frame["when"], utc=True))
    assert ask(aware, answered="when", time_zone="Europe/Berlin").trend == report.trend
    with pytest.raises(InvalidInputError, match=r"`answered` \(column 'when'\) must be without a time zone"):
        ask(frame, answered="when")


def test_one_wave_has_no_trend() -> None:
    report = ask(pd.DataFrame({"score": [9, 3], "when": ["2024-01-01", "2024-01-31"]}), answered="when")
    assert report.trend is None
    assert report.settings.wave is None
    assert "All answers are of one month: there is no score over time." in report.notes


# ── What those who answered are worth ───────────────────────────────────────────────────────────────


def worth(frame: pd.DataFrame) -> Worth:
    ids = np.array([*sorted(frame["id"].unique()), "z1", "z2"], dtype=object)
    return Worth(ids, np.random.default_rng(3).gamma(2.0, 20.0, ids.size))


def linked(frame: pd.DataFrame, values: Worth, **options: object) -> SurveyReport:
    question = SurveyQuestion(survey=frame, rating="score", customer="id", **options)  # type: ignore[arg-type]
    return answer_survey(question, values).report


def test_value_is_that_of_the_topic() -> None:
    frame = survey().drop_duplicates("id")
    values = worth(frame)
    report = linked(frame, values)
    found = nps_value_gap(
        frame,
        pd.DataFrame({"id": values.customer, "clv": values.lifetime_value}),
        customer="id",
        rating="score",
        value="clv",
    )
    assert report.value is not None
    assert report.value.gap is not None
    assert report.value.gap.value == pytest.approx(found.difference)
    assert report.value.gap.lower == pytest.approx(found.difference_interval.lower)
    assert (report.value.matched, report.value.unmatched, report.value.silent) == (
        found.n,
        0,
        found.n_without_answer,
    )
    table = found.frame.set_index("nps_class")
    promoters = report.value.classes[0]
    assert promoters.mean_value is not None
    assert promoters.mean_value.value == pytest.approx(table.loc["promoter", "mean"])
    assert sum(part.customers for part in report.value.classes) == found.n
    assert not any("followed by another" in note for note in report.notes)


def test_the_last_answer_of_a_customer_counts() -> None:
    frame = pd.DataFrame(
        {
            "id": ["a", "b", "a", "b"],
            "score": [10.0, 2.0, 3.0, 10.0],
            "when": ["2024-02-01", "2024-01-01", "2024-01-01", "2024-02-01"],
        }
    )
    values = Worth(np.array(["a", "b"], dtype=object), np.array([10.0, 20.0]))
    by_row, by_day = linked(frame, values), linked(frame, values, answered="when")
    assert by_row.value is not None
    assert by_day.value is not None
    assert [part.customers for part in by_row.value.classes] == [1, 0, 1]
    assert [part.customers for part in by_day.value.classes] == [2, 0, 0]
    assert by_day.value.gap is None
    assert any("the answer of the last row counts" in note for note in by_row.notes)
    assert any("the answer of the last day counts" in note for note in by_day.notes)
    render_survey_text(by_day)


def test_customers_who_are_not_in_the_log_are_counted() -> None:
    frame = survey().drop_duplicates("id")
    values = worth(frame)
    fewer = Worth(values.customer[10:], values.lifetime_value[10:])
    report = linked(frame, fewer)
    assert report.value is not None
    left_out = frame[frame["id"].isin(values.customer[:10])]["score"].notna().sum()
    assert report.value.unmatched == left_out


def test_ids_match_whatever_they_are_read_as() -> None:
    """Numbers from Parquet, text from CSV, and numbers with holes; 007 is not 7."""
    values = Worth(np.array([7, 8, 9]), np.array([1.0, 2.0, 3.0]))
    for ids in (["7", "8", "9"], [7, 8, 9], [7.0, 8.0, 9.0]):
        report = linked(pd.DataFrame({"id": ids, "score": [10, 8, 2]}), values)
        assert report.value is not None
        assert report.value.matched == 3
    report = linked(pd.DataFrame({"id": ["007", "8", None], "score": [10, 8, 2]}), values)
    assert report.value is not None
    assert (report.value.matched, report.value.unmatched) == (1, 1)


def test_nothing_in_common_is_said() -> None:
    values = Worth(np.array(["0001"], dtype=object), np.array([1.0]))
    report = linked(pd.DataFrame({"id": ["c1", "c2"], "score": [10, 8]}), values)
    assert report.value is None
    assert any(
        note.startswith("None of 2 customers who answered is in the log")
        and "'c1', the log like '0001'" in note
        for note in report.notes
    )
    unnamed = answer_survey(SurveyQuestion(survey=survey(), rating="score"), values).report
    assert unnamed.value is None
    assert any(note.startswith("The ratings name no customers") for note in unnamed.notes)


# ── Every kind of survey ────────────────────────────────────────────────────────────────────────────


def test_every_engine_gives_the_same_report() -> None:
    frame = survey()
    options = {"group": "region", "answered": "when", "customer": "id"}
    ours = survey_mapping(ask(frame, **options))
    others = {
        "polars": pl.from_pandas(frame),
        "lazy polars": pl.from_pandas(frame).lazy(),
        "pyarrow": pa.Table.from_pandas(frame),
        "duckdb": duckdb.from_arrow(pa.Table.from_pandas(frame)),
    }
    for name, other in others.items():
        assert json.dumps(survey_mapping(ask(other, **options))) == json.dumps(ours), name


@pytest.mark.parametrize("scores", [[10], [0], [8], [10, 10, 10], [0, 0], [None, 9]])
def test_few_and_unanimous_answers_have_honest_bounds(scores: list[float | None]) -> None:
    report = ask(pd.DataFrame({"score": scores}, dtype="float64"))
    lower, upper = report.score.score.lower, report.score.score.upper
    assert lower is not None
    assert upper is not None
    assert -100 <= lower < upper <= 100
    assert any("the interval says more than the score" in note for note in report.notes)
    json.dumps(survey_mapping(report), allow_nan=False)
    render_survey_html(report)


def test_all_answers_of_one_customer_have_no_standard_error() -> None:
    report = ask(pd.DataFrame({"score": [10, 3, 9], "id": ["a", "a", "a"]}), customer="id")
    assert report.score.standard_error is None
    json.dumps(survey_mapping(report), allow_nan=False)
    render_survey_text(report)


def test_another_scale_is_noticed() -> None:
    stars = ask(pd.DataFrame({"score": [5, 4, 5, 3] * 20}))
    assert any(note.startswith("No answer is above 5: was the question on another") for note in stars.notes)
    assert stars.score.score.value == -100
    from_one = ask(pd.DataFrame({"score": [1] * 10 + [10] * 30 + [7] * 20}))
    assert any(note.startswith("No answer is 0, and 10 are 1") for note in from_one.notes)
    usual = ask(pd.DataFrame({"score": [0, 1, 9, 10] * 20}))
    assert usual.notes == ()


@pytest.mark.parametrize(
    ("frame", "options", "error", "message"),
    [
        (
            {"score": [9]},
            {"group": "who"},
            MissingColumnError,
            "`group` must be a column of the frame, got 'who'",
        ),
        ({"rate": [9]}, {}, MissingColumnError, "`rating` must be a column of the frame, got 'score'"),
        ({"score": []}, {}, InvalidInputError, "`survey` must have at least one row, got none"),
        ({"score": [None, None]}, {}, InvalidInputError, "must have at least one answer, got 2 rows without"),
        (
            {"score": [9, 11]},
            {},
            InvalidInputError,
            "must be whole numbers from 0 to 10, got 11 at position 1",
        ),
        ({"score": [9]}, {"wave": "month"}, InvalidInputError, "`wave` must come with `answered`"),
        (
            {"score": [9], "d": ["2024-01-01"]},
            {"wave": "minute", "answered": "d"},
            InvalidInputError,
            "`wave` must be one of",
        ),
        ({"score": [9]}, {"confidence_level": 95}, InvalidInputError, "`confidence_level` must be"),
        (
            {"score": [9, None, 9], "d": ["2024-01-01", "x", "soon"]},
            {"answered": "d"},
            InvalidInputError,
            r"`answered` \(column 'd'\) must be ISO dates .*, got 'soon' at position 2",
        ),
    ],
)
def test_wrong_questions_are_refused(
    frame: dict[str, object], options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ask(pd.DataFrame(frame), **options)


def test_other_kinds_of_data_are_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match=r"`survey` must be a pandas .*, got list"):
        ask([9, 10])


# ── As a part of the audit ──────────────────────────────────────────────────────────────────────────


def test_the_audit_links_answers_to_lifetime_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody of the bundled sample who answered is valued, and the report holds both."""
    monkeypatch.setattr("customer_centric.audit.run.draw_charts", lambda _: ())
    log = load_cdnow_sample()
    few = sorted(log["customer"].unique())[:300]
    rng = np.random.default_rng(2)
    ratings = pd.DataFrame({"customer": [*few[:100], "stranger"], "score": rng.integers(0, 11, 101)})
    report = run_audit(
        log[log["customer"].isin(few)],
        customer="customer",
        date="date",
        amount="amount",
        end="1998-06-30",
        unit="week",
        margin=0.3,
        discount_rate=0.1,
        survey=SurveyQuestion(survey=ratings, rating="score", customer="customer"),
    ).report
    assert report.survey is not None
    assert report.survey.value is not None
    link = report.survey.value
    assert (link.matched, link.unmatched, link.silent) == (100, 1, 200)
    means = [part.mean_value.value * part.customers for part in link.classes if part.mean_value is not None]
    assert 0 < sum(means) < report.lifetime.value.value
    assert report.settings.confidence_level == 0.9
    assert report.survey.settings.confidence_level == 0.95
    json.dumps(report_mapping(report), allow_nan=False)
    assert "What those who answered are worth" in render_text(report)


def test_without_matplotlib_the_page_says_how_to_get_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    audit = run_survey(SurveyQuestion(survey=survey(), rating="score", group="region"))
    assert audit.charts == ()
    assert "pip install 'customer_centric[plot]'" in audit.missing_charts


# ── Charts ──────────────────────────────────────────────────────────────────────────────────────────


def test_charts_are_drawn_of_what_was_asked() -> None:
    question = SurveyQuestion(survey=survey(), rating="score", answered="when", group="region")
    told: list[str] = []
    audit = run_survey(question, progress=told.append)
    assert [chart.section for chart in audit.charts] == ["trend", "groups", "groups"]
    assert audit.missing_charts == ""
    assert told == ["Scoring the ratings", "Drawing the charts"]
    page = render_survey_html(audit.report, audit.charts)
    assert all(chart.svg in page for chart in audit.charts)
    assert run_survey(SurveyQuestion(survey=survey(), rating="score")).charts == ()
