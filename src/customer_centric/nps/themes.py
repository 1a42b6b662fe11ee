"""Themes of comments: how many points each one moves the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from customer_centric._core.checks import check_choice, check_confidence_level
from customer_centric._core.frames import LazyFrame, check_columns, open_frame
from customer_centric._core.ratings import Invalid
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from customer_centric.nps._tables import table_like
from customer_centric.nps._themes_counts import ThemeColumns, count_lazy, count_memory
from customer_centric.nps._themes_estimates import estimate_themes, theme_table
from customer_centric.nps.scale import NPS_SCALE, RatingScale, check_scale
from customer_centric.typing import FrameT

__all__ = ["ThemeImpact", "theme_impact"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ThemeImpact(Generic[FrameT]):
    """By how many points each theme moves the score.

    Parameters
    ----------
    frame : frame of the caller's kind
        One row a theme, the one that pulls the score down most first.
    score : float
        Net Promoter Score of all answers, in points from -100 to 100.
    interval : Interval
        Bounds of the score, in points.
    n, n_missing, n_invalid : int
        Answers, rows without one, and rows with one that is not on the scale.

    Notes
    -----
    `frame` has these columns:

    | column | meaning | unit |
    |---|---|---|
    | `theme` | name of its column | |
    | `mentions` | answers that mention it | count |
    | `share`, `share_lower`, `share_upper` | mentions over answers | [0, 1] |
    | `score_with`, `score_with_lower`, `score_with_upper` | score of those who mention it | points |
    | `score_without`, `score_without_lower`, `score_without_upper` | score of the others | points |
    | `impact`, `lower`, `upper` | score of all less score of the others | points |
    | `reason` | why the impact is not known, else missing | |

    Scores of nobody are missing, with bounds of -100 and 100.
    """

    frame: FrameT
    score: float
    interval: Interval
    n: int
    n_missing: int
    n_invalid: int

    def __str__(self) -> str:
        bounds, level = self.interval, f"{100 * self.interval.confidence_level:g} %"
        left_out = self.n_missing + self.n_invalid
        return (
            f"NPS {self.score:.1f} ({level} interval {bounds.lower:.1f} to {bounds.upper:.1f}) from "
            f"{counted(self.n, 'answer')}; {counted(left_out, 'row')} left out"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.frame)


def theme_impact(
    survey: FrameT,
    *,
    rating: str,
    themes: Sequence[str],
    cluster: str | None = None,
    scale: RatingScale = NPS_SCALE,
    invalid: Invalid = "raise",
    confidence_level: float = 0.95,
) -> ThemeImpact[FrameT]:
    r"""By how many points each theme of the comments moves the Net Promoter Score, with intervals.

    Parameters
    ----------
    survey : frame of any engine
        One row an answer.
    rating : str
        Column of answers on the scale. Missing ones are left out and counted.
    themes : sequence of str
        Columns of 0 and 1, or of booleans: whether the comment of the answer mentions the theme. An answer
        may mention several themes, or none.
    cluster : str, optional
        Column of what a row belongs to (an account, a customer): answers of one cluster are not independent.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they are left out and counted.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.

    Returns
    -------
    ThemeImpact
        A table of the themes, and the score of all answers.

    Raises
    ------
    MissingColumnError
        If a named column is not in the frame.
    InvalidInputError
        If nobody answered, an answer is not on the scale, a theme is not 0 or 1 for an answer, or a theme is
        named twice.

    Notes
    -----
    With \(p\) the share that mentions the theme, and scores of those who do and of the others,

    \[ \mathrm{impact} = \mathrm{NPS} - \mathrm{NPS}_{\text{without}}
       = p\,(\mathrm{NPS}_{\text{with}} - \mathrm{NPS}_{\text{without}})
       = \frac{p}{1 - p}\,(\mathrm{NPS}_{\text{with}} - \mathrm{NPS}) . \]

    Let \(d\) be the difference in brackets with bounds \([l_d, u_d]\) (MOVER on Tango's score intervals),
    and \(p\) have Wilson's bounds \([l_p, u_p]\). With \(\delta\) the distance from \(p\) to the bound that
    moves the impact down, the lower bound is

    \[ p\,d - \sqrt{p^2 (d - l_d)^2 + \delta^2 d^2 + (u_p - p)^2 (d - l_d)^2} , \]

    and the upper one likewise. The impacts of several themes do not add up: answers that mention two themes
    count for both.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008), Construction of confidence limits about effect measures: a general
    approach. [doi:10.1002/sim.3095](https://doi.org/10.1002/sim.3095).

    Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design.
    [doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B](https://doi.org/10.1002/%28SICI%291097-0258%2819980430%2917%3A8%3C891%3A%3AAID-SIM780%3E3.0.CO%3B2-B).

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame(
    ...     {
    ...         "rating": [10, 9, 9, 8, 10, 2, 3, 9, 6, 10] * 20,
    ...         "delivery": [0, 0, 0, 0, 0, 1, 1, 0, 1, 1] * 20,
    ...         "staff": [1, 1, 0, 0, 1, 0, 0, 0, 0, 0] * 20,
    ...     }
    ... )
    >>> found = theme_impact(survey, rating="rating", themes=["delivery", "staff"])
    >>> found.score
    30.0
    >>> found.frame[["theme", "score_with", "score_without", "impact", "lower", "upper"]].round(
    ...     1
    ... )
          theme  score_with  score_without  impact  lower  upper
    0  delivery       -50.0           83.3   -53.3  -64.9  -40.8
    1     staff       100.0            0.0    30.0   21.6   38.1
    """
    check_scale(scale)
    check_choice("invalid", invalid, ("raise", "missing"))
    check_confidence_level(confidence_level)
    frame = open_frame("survey", survey)
    named = _check_themes(frame.columns, themes, rating=rating, cluster=cluster)
    columns = ThemeColumns(rating, named, cluster, scale, invalid)
    counts = count_lazy(frame, columns) if isinstance(frame, LazyFrame) else count_memory(frame, columns)
    n = int(counts.everybody.sum())
    if n == 0:
        raise InvalidInputError(
            f"`rating` (column {rating!r}) must have at least one answer, got "
            f"{counts.n_missing + counts.n_invalid} rows without one"
        )
    found = estimate_themes(counts, confidence_level)
    lower, upper = found.whole
    return ThemeImpact(
        frame=table_like(frame, theme_table(named, found)),
        score=100.0 * float((counts.everybody[2] - counts.everybody[0]) / n),
        interval=Interval(100.0 * lower, 100.0 * upper, confidence_level),
        n=n,
        n_missing=counts.n_missing,
        n_invalid=counts.n_invalid,
    )


def _check_themes(
    names: Sequence[str], themes: Sequence[str], *, rating: str, cluster: str | None
) -> tuple[str, ...]:
    if isinstance(themes, str) or not isinstance(themes, Sequence) or not themes:
        raise InvalidInputError(f"`themes` must be a list of at least one column, got {themes!r}")
    check_columns(names, {"rating": rating, "cluster": cluster})
    for theme in themes:
        check_columns(names, {"rating": rating, "cluster": cluster, "themes": theme})
    twice = [theme for i, theme in enumerate(themes) if theme in themes[:i]]
    if twice:
        raise InvalidInputError(
            f"`themes` must be different columns, got {twice[0]!r} twice ({len(twice)} of {len(themes)} "
            "themes)"
        )
    return tuple(themes)
