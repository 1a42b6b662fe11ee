"""Running totals of sorted values, as money and as shares of a total that may not allow for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

# What is left of a total after gains and losses cancel counts as nothing below this share of both.
_NOTHING_LEFT: Final = 1e-12
_NO_SHARES: Final = "the total is not greater than 0, so nothing is a share of it"


def is_positive(total: float, absolute: float) -> bool:
    """Whether a total is greater than 0, and not by rounding alone; `absolute` adds up gains and losses."""
    return total > _NOTHING_LEFT * absolute


def running_total(values: FloatArray) -> tuple[FloatArray, float, str | None]:
    """The sums of the first 0, 1, 2, ... values, the last of them, and why there are no shares of it."""
    cumulative = np.empty(values.size + 1)
    cumulative[0] = 0.0
    np.cumsum(values, out=cumulative[1:])
    total = float(cumulative[-1])
    return cumulative, total, None if _has_shares(cumulative, total) else _NO_SHARES


def shares_at(cumulative: FloatArray, total: float, share_of_customers: ArrayLike) -> FloatArray:
    """The curve at shares of the customers, straight between two of them."""
    share = check_array("share_of_customers", share_of_customers, minimum=0.0, maximum=1.0)
    if not _has_shares(cumulative, total):
        return np.full(share.shape, np.nan)
    n = cumulative.size - 1
    below = np.minimum(np.floor(share * n), n - 1.0).astype(np.int64)
    money = cumulative[below] + (share * n - below) * (cumulative[below + 1] - cumulative[below])
    # The ends are what they are, whatever the rounding.
    return np.asarray(np.where(share == 1.0, 1.0, money / total))


def curve_frame(cumulative: FloatArray, total: float, what: str) -> pd.DataFrame:
    """A row a point of the curve."""
    import pandas as pd

    customers = np.arange(cumulative.size)
    share = cumulative / total if _has_shares(cumulative, total) else np.full(cumulative.shape, np.nan)
    return pd.DataFrame(
        {
            "customers": customers,
            "share_of_customers": customers / (cumulative.size - 1.0),
            f"cumulative_{what}": cumulative,
            f"share_of_{what}": share,
        }
    )


def _has_shares(cumulative: FloatArray, total: float) -> bool:
    # Of sorted values, the running total is furthest from 0 where the sign changes, or at the end.
    turn = max(abs(float(cumulative.max())), abs(float(cumulative.min())))
    return is_positive(total, 2.0 * turn)
