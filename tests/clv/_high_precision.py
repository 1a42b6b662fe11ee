"""Log-likelihoods of the transaction models at 50 digits, and their derivatives by differences."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np

from customer_centric import BgNbd, HistoryCounts, MbgNbd, Nbd, ParetoNbd
from customer_centric.typing import TransactionModel

_DIGITS = 50


def _log_beta(a: mp.mpf, b: mp.mpf) -> mp.mpf:
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def _gamma_part(r: mp.mpf, alpha: mp.mpf, x: int) -> mp.mpf:
    return mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha)


def _beta_geometric(theta: list[mp.mpf], x: int, t_x: mp.mpf, age: mp.mpf, z: int) -> mp.mpf:
    r, alpha, a, b = theta
    log_k = _gamma_part(r, alpha, x) + _log_beta(a, b + x + z) - _log_beta(a, b)
    braces = (alpha + age) ** -(r + x)
    if x + z > 0:
        braces += a / (b + x + z - 1) * (alpha + t_x) ** -(r + x)
    return log_k + mp.log(braces)


def _pareto(theta: list[mp.mpf], x: int, t_x: mp.mpf, age: mp.mpf) -> mp.mpf:
    """The published closed form: 2F1 instead of an integral, so that nothing is shared with the package."""
    r, alpha, s, beta = theta
    w = r + s + x
    shift = abs(alpha - beta)
    power = s + 1 if alpha >= beta else r + x
    largest = max(alpha, beta)

    def part(time: mp.mpf) -> mp.mpf:
        return mp.hyp2f1(w, power, w + 1, shift / (largest + time)) / (largest + time) ** w

    dead = part(t_x) - part(age)
    alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
    return _gamma_part(r, alpha, x) + s * mp.log(beta) + mp.log(alive + s / w * dead)


def _nbd(theta: list[mp.mpf], x: int, age: mp.mpf) -> mp.mpf:
    r, alpha = theta
    return _gamma_part(r, alpha, x) - (r + x) * mp.log(alpha + age)


def _log_likelihood(model: TransactionModel, counts: HistoryCounts) -> Callable[[list[mp.mpf]], mp.mpf]:
    columns = (counts.frequency, counts.recency, counts.age, counts.weight)
    rows = [(int(x), mp.mpf(t), mp.mpf(age), mp.mpf(w)) for x, t, age, w in zip(*columns, strict=True)]

    def total(theta: list[mp.mpf]) -> mp.mpf:
        match model:
            case BgNbd():
                return mp.fsum(w * _beta_geometric(theta, x, t, age, 0) for x, t, age, w in rows)
            case MbgNbd():
                return mp.fsum(w * _beta_geometric(theta, x, t, age, 1) for x, t, age, w in rows)
            case ParetoNbd():
                return mp.fsum(w * _pareto(theta, x, t, age) for x, t, age, w in rows)
            case Nbd():
                return mp.fsum(w * _nbd(theta, x, age) for x, _, age, w in rows)
        raise TypeError(type(model).__name__)

    return total


def derivatives(model: TransactionModel, counts: HistoryCounts) -> tuple[float, np.ndarray, np.ndarray]:
    """Value, gradient and Hessian by the parameters, from central differences at 50 digits."""
    with mp.workdps(_DIGITS):
        f = _log_likelihood(model, counts)
        theta = [mp.mpf(float(value)) for value in model.parameters]
        n = len(theta)
        step = [value * mp.mpf(10) ** -12 for value in theta]

        def at(*moves: tuple[int, int]) -> mp.mpf:
            moved = list(theta)
            for index, sign in moves:
                moved[index] += sign * step[index]
            return f(moved)

        centre = f(theta)
        up, down = [at((i, 1)) for i in range(n)], [at((i, -1)) for i in range(n)]
        gradient = np.array([float((up[i] - down[i]) / (2 * step[i])) for i in range(n)])
        hessian = np.zeros((n, n))
        for i in range(n):
            hessian[i, i] = float((up[i] - 2 * centre + down[i]) / step[i] ** 2)
            for j in range(i):
                mixed = at((i, 1), (j, 1)) - up[i] - up[j] + centre
                mixed += at((i, -1), (j, -1)) - down[i] - down[j] + centre
                hessian[i, j] = hessian[j, i] = float(mixed / (2 * step[i] * step[j]))
        return float(centre), gradient, hessian
