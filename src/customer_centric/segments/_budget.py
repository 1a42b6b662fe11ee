"""The most profitable choices of customers that share one budget, exact to one customer."""

from __future__ import annotations

import numpy as np

from customer_centric.typing import FloatArray, IntArray


def solve_budget(profit: FloatArray, use: FloatArray, budget: float) -> tuple[IntArray, float]:
    """A column for each row, and what one more unit of the budget would bring.

    Parameters
    ----------
    profit, use : ndarray of shape (n, m)
        Finite; the use is 0 or more, and 0 in the first column.
    budget : float
        0 or more.
    """
    n = len(profit)
    low_choice = _choices(profit, use, 0.0)
    rows = np.arange(n)
    if float(use[rows, low_choice].sum()) <= budget:
        return low_choice, 0.0
    with np.errstate(divide="ignore", over="ignore"):
        rate = np.divide(profit, use, out=np.zeros_like(profit), where=use > 0)
    low, high = 0.0, min(2.0 * float(rate.max()) + float(np.finfo(np.float64).tiny), 1e300)
    choice = _choices(profit, use, high)
    active = np.flatnonzero(low_choice != choice)
    low_choice = low_choice[active]
    while active.size > 1:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        tried = _choices(profit[active], use[active], middle)
        spent = choice.copy()
        spent[active] = tried
        if float(use[rows, spent].sum()) <= budget:
            high, choice = middle, spent
        else:
            low, low_choice = middle, tried
        # Who chooses the same at both prices chooses it at every price between.
        differs = low_choice != choice[active]
        active, low_choice = active[differs], low_choice[differs]
    _spend_the_rest(profit, use, budget, choice, active, low_choice)
    return choice, high


def _choices(profit: FloatArray, use: FloatArray, price: float) -> IntArray:
    """Best column of each row at a price of the budget; the first of several, which `none` always is."""
    return np.asarray(np.argmax(profit - price * use, axis=1))


def _spend_the_rest(
    profit: FloatArray,
    use: FloatArray,
    budget: float,
    choice: IntArray,
    rows: IntArray,
    wanted: IntArray,
) -> None:
    """Give what is left, in place, to those who want it at the price where the budget runs out."""
    left = budget - float(use[np.arange(len(choice)), choice].sum())
    more = use[rows, wanted] - use[rows, choice[rows]]
    gain = profit[rows, wanted] - profit[rows, choice[rows]]
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.argsort(-np.where(more > 0, gain / more, np.inf), kind="stable")
    for place in order.tolist():
        if gain[place] > 0 and more[place] <= left:
            choice[rows[place]] = wanted[place]
            left -= float(more[place])
