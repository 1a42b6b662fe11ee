"""Scores of groups: each as on its own, and together with tests and ranks that allow for many."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency
from scipy.stats import t as student_t

from customer_centric._methods.multiplicity import holm
from customer_centric._methods.shrinkage import heterogeneity
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.nps import (
    RatingScale,
    compare_nps,
    net_promoter_score,
    nps_by,
    shrink_nps,
)
from customer_centric.nps._ranks import AdjustedScores, adjusted_scores, rank_intervals
from customer_centric.nps.shrinkage import pooled_scores
from effort import examples


def survey_of(**groups: tuple[int, int, int]) -> pd.DataFrame:
    """One row an answer: promoters answer 10, passives 8, detractors 3."""
    rows = [
        (name, rating)
        for name, counts in groups.items()
        for rating, count in zip((10.0, 8.0, 3.0), counts, strict=True)
        for _ in range(count)
    ]
    return pd.DataFrame(rows, columns=["group", "rating"]).astype({"group": object, "rating": float})


def shifted(survey: pd.DataFrame) -> pd.Series[float]:
    """Answers that are higher in groups of a higher number."""
    return (survey["rating"] + survey["group"] - 4).clip(0, 10)


def random_survey(size: int, n_groups: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 11, size).astype(float)
    ratings[rng.random(size) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "group": rng.integers(0, n_groups, size),
            "rating": ratings,
            "weight": rng.uniform(0.2, 3, size),
            "account": rng.integers(0, size // 4 + 1, size),
        }
    )


class TestEachGroup:
    @pytest.mark.parametrize("method", ["score", "adjusted_wald", "wald", "jeffreys"])
    @pytest.mark.parametrize("design", [(), ("weight",), ("cluster",), ("weight", "cluster")])
    def test_is_scored_as_on_its_own(self, method: Any, design: tuple[str, ...]) -> None:
        survey = random_survey(400, 7)
        columns = {"weight": "weight", "cluster": "account"}
        found = nps_by(
            survey, "group", rating="rating", method=method, **{name: columns[name] for name in design}
        )
        arrays = {"weight": "weights", "cluster": "clusters"}
        for _, row in found.frame.iterrows():
            part = survey[survey["group"] == row["group"]]
            alone = net_promoter_score(
                part["rating"], method=method, **{arrays[name]: part[columns[name]] for name in design}
            )
            assert (row["n"], row["n_missing"]) == (alone.n, alone.n_missing)
            for name in (
                "promoter_share",
                "passive_share",
                "detractor_share",
                "score",
                "standard_error",
                "effective_n",
            ):
                assert row[name] == pytest.approx(getattr(alone, name), rel=1e-9), name
            assert row["lower"] == pytest.approx(alone.interval.lower, rel=1e-9)
            assert row["upper"] == pytest.approx(alone.interval.upper, rel=1e-9)
        everybody = net_promoter_score(
            survey["rating"], method=method, **{arrays[name]: survey[columns[name]] for name in design}
        )
        assert found.overall.score == pytest.approx(everybody.score)
        assert found.overall.interval.lower == pytest.approx(everybody.interval.lower)
        assert (found.overall.n, found.overall.n_missing) == (everybody.n, everybody.n_missing)

    def test_is_shrunken_as_by_counts(self) -> None:
        counts = {"a": (8, 1, 1), "b": (50, 30, 20), "c": (2, 0, 0), "d": (20, 40, 30), "e": (5, 5, 5)}
        found = nps_by(survey_of(**counts), "group", rating="rating")
        expected = shrink_nps(*np.array(list(counts.values())).T)
        np.testing.assert_allclose(found.frame["shrunken"], expected.shrunken)
        np.testing.assert_allclose(found.frame["shrunken_lower"], expected.lower)
        np.testing.assert_allclose(found.frame["shrunken_upper"], expected.upper)
        assert found.between_sd == pytest.approx(expected.between_sd)

    def test_of_several_columns(self) -> None:
        survey = random_survey(300, 3).assign(site=lambda frame: np.where(frame["account"] % 2, "web", "app"))
        found = nps_by(survey, ["site", "group"], rating="rating")
        assert list(found.frame.columns[:2]) == ["site", "group"]
        names = list(zip(found.frame["site"], found.frame["group"], strict=True))
        assert names == sorted(itertools.product(["app", "web"], [0, 1, 2]))
        merged = survey.assign(both=survey["site"] + survey["group"].astype(str))
        joined = nps_by(merged, "both", rating="rating")
        pd.testing.assert_frame_equal(found.frame.iloc[:, 2:], joined.frame.iloc[:, 1:])

    def test_without_an_answer_is_there(self) -> None:
        survey = pd.DataFrame({"group": ["a", "a", "b", "c"], "rating": [10, 3, None, 9]})
        found = nps_by(survey, "group", rating="rating")
        row = found.frame.set_index("group").loc["b"]
        assert (row["n"], row["n_missing"], row["lower"], row["upper"]) == (0, 1, -100, 100)
        assert (row["rank_lower"], row["rank_upper"]) == (1, 3)
        assert math.isnan(row["score"])
        assert found.degrees_of_freedom == 1
        assert str(found).startswith("3 groups (2 with answers). Everybody: NPS 33.3")
        assert found.pairs()[["group_first", "group_second"]].to_numpy().tolist() == [["a", "c"]]

    def test_that_is_unanimous_or_has_one_answer_is_not_certain(self) -> None:
        survey = survey_of(all=(9, 0, 0), none=(0, 0, 9), passive=(0, 9, 0), one=(1, 0, 0), some=(20, 9, 9))
        frame = nps_by(survey, "group", rating="rating").frame
        for lower, upper in (("lower", "upper"), ("shrunken_lower", "shrunken_upper")):
            assert (frame[upper] - frame[lower] > 20).all()
            assert frame[[lower, upper]].abs().to_numpy().max() <= 100

    def test_that_has_no_promoters(self) -> None:
        frame = nps_by(survey_of(a=(0, 5, 5), b=(5, 5, 0)), "group", rating="rating").frame
        assert frame["promoter_share"].tolist() == [0.0, 0.5]
        assert frame["score"].tolist() == [-50.0, 50.0]

    def test_whose_answers_are_of_one_cluster(self) -> None:
        """Nothing is known of other clusters: no standard error, and a wide interval."""
        survey = survey_of(a=(30, 0, 0), b=(10, 10, 10)).assign(account=["x"] * 30 + list(range(30)))
        survey["account"] = survey["account"].astype(str)
        row = nps_by(survey, "group", rating="rating", cluster="account").frame.iloc[0]
        alone = net_promoter_score([10] * 30, clusters=["x"] * 30)
        assert math.isnan(row["standard_error"])
        assert row["lower"] == pytest.approx(alone.interval.lower)

    def test_on_another_scale(self) -> None:
        stars = RatingScale(minimum=1, maximum=5, detractor_max=3, promoter_min=5)
        survey = pd.DataFrame({"group": list("aabb"), "rating": [5, 4, 3, 1]})
        assert nps_by(survey, "group", rating="rating", scale=stars).frame["score"].tolist() == [50, -100]
        survey["rating"] = [5, 4, 6, 1]
        frame = nps_by(survey, "group", rating="rating", scale=stars, invalid="missing").frame
        assert frame["n_missing"].tolist() == [0, 1]


class TestNobodyAndEverybody:
    def test_no_rows(self) -> None:
        survey = survey_of(a=(1, 1, 1))
        found, some = (nps_by(part, "group", rating="rating") for part in (survey.head(0), survey))
        assert list(found.frame.columns) == list(some.frame.columns)
        assert len(found.frame) == 0
        assert (found.overall.n, found.degrees_of_freedom, len(found.pairs())) == (0, 0, 0)
        assert math.isnan(found.p_value)
        assert list(found.pairs().columns) == list(some.pairs().columns)

    def test_no_columns_to_group_by(self) -> None:
        survey = random_survey(50, 2)
        found = nps_by(survey, (), rating="rating", weight="weight")
        alone = net_promoter_score(survey["rating"], weights=survey["weight"])
        assert len(found.frame) == 1
        assert found.frame["score"][0] == pytest.approx(alone.score)
        assert found.frame["shrunken_lower"][0] == pytest.approx(alone.interval.lower)
        assert (found.frame["rank_lower"][0], found.frame["rank_upper"][0]) == (1, 1)
        assert nps_by(survey.head(0), (), rating="rating").frame["n"].tolist() == [0]

    def test_one_answer(self) -> None:
        found = nps_by(pd.DataFrame({"group": ["a"], "rating": [10]}), "group", rating="rating")
        row = found.frame.iloc[0]
        assert (row["score"], row["rank_lower"], row["rank_upper"]) == (100, 1, 1)
        assert row["lower"] < 0
        assert (found.heterogeneity, found.degrees_of_freedom) == (0, 0)


class TestDifferences:
    def test_two_samples_as_published_calculators_give_them(self) -> None:
        """50/30/20 against 65/55/30: z 0.6348, p 0.5256, interval -13.204 to 25.711."""
        found = nps_by(survey_of(a=(50, 30, 20), b=(65, 55, 30)), "group", rating="rating")
        row = found.pairs().iloc[0]
        assert row["difference"] == pytest.approx(100 * (0.3 - 35 / 150))
        assert row["z"] == pytest.approx(0.6348, abs=5e-5)
        assert row["p_value"] == pytest.approx(0.5256, abs=5e-5)
        assert row["lower"] == pytest.approx(-13.204, abs=5e-4)
        assert row["upper"] == pytest.approx(25.711, abs=5e-4)
        assert row["detectable"] == pytest.approx((1.959964 + 0.841621) * 9.8470, abs=5e-3)

    def test_whether_groups_differ_is_pearsons_question(self) -> None:
        """Of two classes, Q is n - 1 over n times chi-squared of the table, but for the answers added."""
        p, d = np.array([500, 420, 300, 610]), np.array([300, 350, 280, 300])
        found = nps_by(
            survey_of(**{f"g{i}": (a, 0, b) for i, (a, b) in enumerate(zip(p, d, strict=True))}),
            "group",
            rating="rating",
        )
        expected = chi2_contingency(np.array([p, d]), correction=False)
        assert found.heterogeneity == pytest.approx(expected.statistic, rel=2e-3)
        assert found.degrees_of_freedom == expected.dof == 3
        assert found.p_value == pytest.approx(expected.pvalue, rel=0.05)

    @pytest.mark.parametrize("net", [0.2, 0.85])
    def test_small_and_large_groups_of_one_score_seldom_differ(self, net: float) -> None:
        rng = np.random.default_rng(3)
        shares = [(0.9 + net) / 2, 0.1, (0.9 - net) / 2]
        rejected = 0
        for _ in range(300):
            counts = rng.multinomial([*[4] * 15, *[300] * 5], shares).T.astype(float)
            score, variance = pooled_scores(*counts)
            rejected += int(chi2.sf(heterogeneity(score, variance), 19) < 0.05)
        assert rejected / 300 < 0.1

    @pytest.mark.parametrize("method", ["score", "adjusted_wald", "wald", "jeffreys"])
    def test_every_pair_is_compared_as_on_its_own(self, method: Any) -> None:
        survey = random_survey(300, 5)
        pairs = nps_by(survey, "group", rating="rating", weight="weight", method=method).pairs(power=0.9)
        assert len(pairs) == 10
        scores = {
            name: net_promoter_score(part["rating"], weights=part["weight"], method=method)
            for name, part in survey.groupby("group")
        }
        for row in pairs.itertuples():
            alone = compare_nps(scores[row.group_first], scores[row.group_second], power=0.9)
            assert row.difference == pytest.approx(alone.difference)
            assert row.lower == pytest.approx(alone.interval.lower)
            assert row.upper == pytest.approx(alone.interval.upper)
            assert row.z == pytest.approx(alone.z)
            assert row.p_value == pytest.approx(alone.p_value)
            assert row.detectable == pytest.approx(alone.detectable)

    def test_holm(self) -> None:
        """The example of R's p.adjust: 0.01, 0.02, 0.03, 0.04 become 0.04, 0.06, 0.06, 0.06."""
        np.testing.assert_allclose(holm(np.array([0.03, 0.01, 0.04, 0.02])), [0.06, 0.04, 0.06, 0.06])
        assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
        assert holm(np.array([])).size == 0

    def test_power_is_a_probability(self) -> None:
        found = nps_by(survey_of(a=(1, 1, 1)), "group", rating="rating")
        with pytest.raises(InvalidInputError, match="`power` must be a finite number greater than 0"):
            found.pairs(power=80)


class TestRanks:
    @given(
        rows=st.lists(st.tuples(*[st.integers(0, 300)] * 3), min_size=1, max_size=8),
        confidence_level=st.sampled_from([0.5, 0.9, 0.95]),
    )
    @examples(50)
    def test_ranks_count_the_pairs_that_differ_by_holm(
        self, rows: list[tuple[int, int, int]], confidence_level: float
    ) -> None:
        """The fast count equals the one that sorts all p-values."""
        p, q, d = np.array(rows, dtype=float).T
        n = p + q + d
        seen, size = n > 0, len(rows)
        shares = np.where(seen, n, 1.0)
        scores = adjusted_scores(p / shares, d / shares, n)
        lower, upper = rank_intervals(scores, confidence_level)
        pairs = [pair for pair in itertools.combinations(range(size), 2) if seen[list(pair)].all()]
        y, v = scores.net, scores.variance
        z = np.array([(y[i] - y[j]) / math.sqrt(v[i] + v[j]) for i, j in pairs])
        degrees = [(v[i] + v[j]) ** 2 / (v[i] ** 2 / (n[i] + 2) + v[j] ** 2 / (n[j] + 2)) for i, j in pairs]
        p_values = 2 * student_t.sf(np.abs(z), degrees)
        different = holm(p_values) <= 1 - confidence_level
        expected_lower, expected_upper = [1] * size, [size] * size
        for (i, j), value, told_apart in zip(pairs, z, different, strict=True):
            if told_apart and value:
                better, worse = (i, j) if value > 0 else (j, i)
                expected_lower[worse] += 1
                expected_upper[better] -= 1
        assert (lower.tolist(), upper.tolist()) == (expected_lower, expected_upper)

    @pytest.mark.parametrize("n", [8, 150])
    @pytest.mark.parametrize("spread", [0.0, 0.3])
    def test_the_ranks_hold_for_all_groups_at_once(self, n: int, spread: float) -> None:
        """At least as often as they say, where all are equal and where none are."""
        rng = np.random.default_rng(11)
        net = 0.2 + np.linspace(-spread, spread, 10)
        shares = np.column_stack([(0.75 + net) / 2, np.full(10, 0.25), (0.75 - net) / 2])
        best = 1 + (net[:, None] < net).sum(axis=1)
        worst = 10 - (net[:, None] > net).sum(axis=1)
        held = []
        for _ in range(400):
            p, _, d = rng.multinomial(n, shares).T / n
            lower, upper = rank_intervals(adjusted_scores(p, d, np.full(10, float(n))), 0.95)
            held.append(bool(((lower <= best) & (upper >= worst)).all()))
        assert np.mean(held) > 0.93

    def test_large_differences_are_ranked(self) -> None:
        survey = survey_of(low=(0, 10, 90), mid=(30, 40, 30), top=(90, 10, 0), few=(1, 1, 1))
        frame = nps_by(survey, "group", rating="rating").frame.set_index("group")
        ranks = frame[["rank_lower", "rank_upper"]].T.to_dict("list")
        assert ranks == {"few": [1, 4], "low": [3, 4], "mid": [2, 3], "top": [1, 2]}

    def test_ranks_and_adjusted_p_values_agree(self) -> None:
        found = nps_by(random_survey(600, 8, seed=4).assign(rating=shifted), "group", rating="rating")
        pairs = found.pairs()
        frame = found.frame.set_index("group")
        apart = pairs[pairs["p_adjusted"] <= 0.05]
        lower = np.where(apart["z"] > 0, apart["group_second"], apart["group_first"])
        expected = 1 + pd.Series(lower).value_counts().reindex(frame.index, fill_value=0)
        assert 0 < len(apart) < len(pairs)
        assert frame["rank_lower"].tolist() == expected.tolist()
        assert (pairs["p_adjusted"] >= pairs["p_value"]).all()

    def test_a_thousand_groups(self) -> None:
        frame = nps_by(random_survey(20_000, 1000), "group", rating="rating").frame
        assert len(frame) == 1000
        assert (frame["rank_lower"] >= 1).all()
        assert (frame["rank_upper"] <= 1000).all()
        assert (frame["rank_lower"] <= frame["rank_upper"]).all()

    def test_more_groups_than_are_kept_in_memory_at_once(self) -> None:
        """Ranks made block by block fall as scores rise, and those of fewer groups are narrower."""
        rng = np.random.default_rng(1)
        scores = AdjustedScores(rng.normal(0, 1, 2100), np.full(2100, 0.01), np.full(2100, 50.0))
        lower, upper = rank_intervals(scores, 0.95)
        order = np.argsort(-scores.net)
        assert (np.diff(lower[order]) >= 0).all()
        assert (np.diff(upper[order]) >= 0).all()
        some = order[::5]
        few_lower, few_upper = rank_intervals(scores.take(some), 0.95)
        assert (few_upper - few_lower < upper[some] - lower[some]).all()

    def test_a_few_answers_do_not_set_a_small_group_apart(self) -> None:
        """Three answers of the same customers as a thousand: told apart no more often than agreed."""
        rng = np.random.default_rng(5)
        n = np.array([3, 1000])
        apart = 0
        for _ in range(2000):
            p, _, d = rng.multinomial(n, [0.9, 0.1, 0.0]).T / n
            lower, _ = rank_intervals(adjusted_scores(p, d, n.astype(float)), 0.95)
            apart += int(lower.max() > 1)
        assert apart / 2000 < 0.05

    def test_no_level_puts_a_rank_outside_of_its_bounds(self) -> None:
        survey = survey_of(a=(5, 1, 1), b=(5, 1, 1), c=(1, 1, 5))
        for level in (1e-300, 0.5, 1 - 1e-15):
            frame = nps_by(survey, "group", rating="rating", confidence_level=level).frame
            assert (frame["rank_lower"] <= frame["rank_upper"]).all()


surveys = st.lists(
    st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 10)), min_size=1, max_size=30
).map(lambda rows: pd.DataFrame(rows, columns=["group", "rating"]).astype({"rating": float}))


class TestLaws:
    @given(survey=surveys, seed=st.integers(0, 2**32 - 1))
    @examples(30)
    def test_the_order_of_rows_changes_nothing(self, survey: pd.DataFrame, seed: int) -> None:
        shuffled = survey.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(scored(shuffled), scored(survey))

    @given(survey=surveys, weight=st.floats(0.01, 100))
    @examples(30)
    def test_equal_weights_and_clusters_of_one_change_nothing(
        self, survey: pd.DataFrame, weight: float
    ) -> None:
        weighted = survey.assign(weight=weight, account=np.arange(len(survey)))
        pd.testing.assert_frame_equal(scored(weighted, weight="weight"), scored(survey), rtol=1e-9)
        pd.testing.assert_frame_equal(scored(weighted, cluster="account"), scored(survey), rtol=1e-9)

    @given(survey=surveys)
    @examples(30)
    def test_more_of_the_same_answers_narrow_the_intervals(self, survey: pd.DataFrame) -> None:
        once, thrice = scored(survey), scored(pd.concat([survey] * 3))
        np.testing.assert_allclose(thrice["score"], once["score"], rtol=1e-12)
        seen = once["n"] > 0
        assert (thrice["lower"] >= once["lower"] - 1e-9)[seen].all()
        assert (thrice["upper"] <= once["upper"] + 1e-9)[seen].all()

    @given(survey=surveys)
    @examples(30)
    def test_the_overall_score_is_the_mean_of_the_groups_by_answers(self, survey: pd.DataFrame) -> None:
        found = nps_by(survey, "group", rating="rating")
        frame = found.frame[found.frame["n"] > 0]
        if len(frame):
            mean = np.average(frame["score"], weights=frame["n"])
            assert found.overall.score == pytest.approx(mean, abs=1e-9)
        assert found.overall.n_missing == found.frame["n_missing"].sum()


def scored(survey: pd.DataFrame, **design: str) -> pd.DataFrame:
    frame: pd.DataFrame = nps_by(survey, "group", rating="rating", **design).frame
    return frame


class TestErrors:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"by": 3}, "`by` must be the name of a column or several of them, got 3"),
            ({"by": ["group", 3]}, "`by` must be the name of a column or several of them"),
            ({"by": ["group", "group"]}, "`by[1]` must be another column than `by[0]`, got 'group'"),
            ({"method": "bootstrap"}, "`method` must be one of 'score', 'adjusted_wald', 'wald', 'jeffreys'"),
            ({"confidence_level": 95}, "`confidence_level` must be"),
            ({"weight": "rating"}, "`weight` must be another column than `rating`"),
            ({"invalid": "drop"}, "`invalid` must be one of 'raise', 'missing', got 'drop'"),
        ],
    )
    def test_arguments(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            nps_by(survey_of(a=(1, 1, 1)), **({"by": "group", "rating": "rating"} | arguments))

    def test_columns(self) -> None:
        with pytest.raises(MissingColumnError, match="`by` must be a column of the frame, got 'shop'; its"):
            nps_by(survey_of(a=(1, 1, 1)), "shop", rating="rating")
        named = survey_of(a=(1, 1, 1)).rename(columns={"group": "score"})
        with pytest.raises(
            InvalidInputError, match=r"`by` must name columns other than .* got 'score'; rename"
        ):
            nps_by(named, "score", rating="rating")

    def test_what_is_no_frame(self) -> None:
        with pytest.raises(InvalidInputError, match="`survey` must be a pandas or Polars data frame"):
            nps_by([1, 2], "group", rating="rating")

    def test_answers_off_the_scale(self) -> None:
        survey = survey_of(a=(1, 1, 1)).assign(rating=[10, 11, 3])
        with pytest.raises(InvalidInputError, match="got 11 at position 1"):
            nps_by(survey, "group", rating="rating")
