"""Who is a detractor, who is a passive, and who is a promoter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.ratings import Invalid, check_ratings
from customer_centric.nps.scale import NPS_SCALE, RatingScale, check_scale

__all__ = ["classify"]


def classify(
    ratings: ArrayLike, *, scale: RatingScale = NPS_SCALE, invalid: Invalid = "raise"
) -> NDArray[Any]:
    r"""The class of each answer: detractor, passive or promoter.

    Parameters
    ----------
    ratings : array_like of shape (n_answers,)
        Answers to "how likely are you to recommend us to a friend?": whole numbers on the scale. Missing
        answers (None, NaN, null) are non-responses.
    scale : RatingScale, default 0 to 10
        The answers that the question allows, and where the classes end.
    invalid : {"raise", "missing"}, default "raise"
        What happens to answers off the scale: an error, or they count as missing.

    Returns
    -------
    ndarray of shape (n_answers,)
        `"detractor"`, `"passive"` or `"promoter"`; None where there is no answer.

    Raises
    ------
    InvalidInputError
        If an answer is a fraction, off the scale, text or a boolean; names the first one.

    Notes
    -----
    With rating \(r\) from 0 to 10,

    \[ \text{detractor: } r \le 6, \qquad \text{passive: } 7 \le r \le 8, \qquad
       \text{promoter: } r \ge 9 . \]

    References
    ----------
    Reichheld, F. F. (2003), The one number you need to grow. Harvard Business Review 81(12), 46-54.

    Examples
    --------
    >>> classify([0, 6, 7, 8, 9, 10, None]).tolist()
    ['detractor', 'detractor', 'passive', 'passive', 'promoter', 'promoter', None]
    """
    check_scale(scale)
    checked = check_ratings("ratings", ratings, minimum=scale.minimum, maximum=scale.maximum, invalid=invalid)
    names = np.array(["detractor", "passive", "promoter", None], dtype=object)
    net = scale.net_values(checked.values)
    return np.asarray(names[np.where(checked.answered, np.nan_to_num(net) + 1.0, 3.0).astype(np.intp)])
