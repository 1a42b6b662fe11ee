"""The one maximum-likelihood driver: damped Newton steps in the logarithms of the parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq

from customer_centric.errors import ConvergenceError
from customer_centric.typing import FloatArray

_LARGEST_LOG: Final = 28.0
_LONGEST_STEP: Final = 2.5
# A profile that has not fallen when a logarithm comes so far does not fall.
_FARTHEST_BOUND: Final = 20.0
# A step along a profile that the other parameters can follow.
_LONGEST_PROFILE_STEP: Final = 0.5
# Where the information says nothing of the scale of a parameter, a profile starts with steps of this size.
_SHORTEST_STEP: Final = 0.02
_MAX_ITERATIONS: Final = 300
# A limit counts as reached where going on towards it costs no more log-likelihood than this.
_FLAT: Final = 1e-6
# Log-likelihood that a limit loses on a part of the rows before it is ruled out for all of them.
_OUT_OF_REACH: Final = 50.0
# Up to so many rows a fit starts with all of them.
_ROWS_AT_ONCE: Final = 8192
# Log-parameters at which a forecast differs from that of the limit by a millionth.
_NEAR_LIMIT: Final = 14.0


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A log-likelihood with its first and second derivatives by the parameters."""

    value: float
    gradient: FloatArray
    hessian: FloatArray

    def __add__(self, other: Score) -> Score:
        return Score(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where the log-likelihood is highest.

    `covariance` is of the logarithms of (parameter - offset); zero along directions the data do not
    identify, which happens only at a limit, whose name is then in `boundary`.
    """

    parameters: FloatArray
    value: float
    covariance: FloatArray
    n_iterations: int
    boundary: str | None


def maximise(
    score: Callable[[FloatArray, int], Score],
    start: FloatArray,
    *,
    n_rows: int,
    limits: Mapping[str, FloatArray],
    offset: FloatArray | None = None,
) -> Optimum:
    """Maximise a log-likelihood over positive (parameters - offset).

    Parameters
    ----------
    score : callable (parameters, stride) -> Score
        Log-likelihood and derivatives, by the parameters, over every `stride`-th row.
    start : ndarray of shape (n_parameters,)
        Starting values of the parameters.
    n_rows : int
        Rows at stride 1; above some thousands a fit on a part of them is the start for the next.
    limits : mapping of name to ndarray of shape (n_parameters,)
        Directions in the logarithms in which the model tends to a simpler one.
    offset : ndarray of shape (n_parameters,), optional
        Lower bounds of the parameters; 0 by default.

    Raises
    ------
    ConvergenceError
        If no step improves the log-likelihood although the gradient says that one should.
    """
    shift = np.zeros(start.size) if offset is None else offset
    theta = np.log(start - shift)
    n_iterations = 0
    strides = _rough_strides(n_rows)
    for stride in strides:
        theta, _, n_taken = _climb(_in_logarithms(score, shift, stride), theta, rough=True)
        n_iterations += n_taken
    in_logs = _in_logarithms(score, shift, 1)
    theta, at_theta, n_taken = _climb(in_logs, theta, rough=False)
    n_iterations += n_taken
    in_reach = limits
    if strides:
        in_reach = _limits_in_reach(_in_logarithms(score, shift, strides[0]), theta, limits)
    boundary, theta, at_theta = _follow_limits(in_logs, theta, at_theta, in_reach)
    at_edge = np.abs(theta) >= _LARGEST_LOG
    if boundary is None and at_edge.any():
        boundary = "no optimum at finite parameters"
    covariance = _covariance(-at_theta.hessian, limits.get(boundary or ""), at_limit=boundary is not None)
    return Optimum(shift + np.exp(theta), at_theta.value, covariance, n_iterations, boundary)


def _rough_strides(n_rows: int) -> list[int]:
    strides = [1]
    while n_rows // strides[-1] > _ROWS_AT_ONCE:
        strides.append(strides[-1] * 12)
    return strides[:0:-1]


def _in_logarithms(
    score: Callable[[FloatArray, int], Score], shift: FloatArray, stride: int
) -> Callable[[FloatArray], Score]:
    def in_logs(theta: FloatArray) -> Score:
        scale = np.exp(theta)
        natural = score(shift + scale, stride)
        gradient = scale * natural.gradient
        hessian = scale[:, None] * natural.hessian * scale[None, :] + np.diag(gradient)
        return Score(natural.value, gradient, hessian)

    return in_logs


def _climb(
    in_logs: Callable[[FloatArray], Score], theta: FloatArray, *, rough: bool
) -> tuple[FloatArray, Score, int]:
    """Newton steps with the absolute eigenvalues of the Hessian, damped until a step pays."""
    current = in_logs(theta)
    damping = 0.0
    for iteration in range(_MAX_ITERATIONS):
        noise = 1e-15 * abs(current.value)
        curvatures, axes = np.linalg.eigh(-current.hessian)
        slopes = axes.T @ current.gradient
        floor = 1e-12 * np.abs(curvatures).max() + 1e-300
        step = axes @ (slopes / (np.maximum(np.abs(curvatures), floor) + damping))
        step *= min(1.0, _LONGEST_STEP / np.abs(step).max(initial=1e-300))
        target = np.clip(theta + step, -_LARGEST_LOG, _LARGEST_LOG)
        promised = float(current.gradient @ (target - theta))
        if promised <= (1e-3 if rough else 1e-12) + noise:
            return theta, current, iteration
        proposed = in_logs(target)
        if np.isfinite(proposed.value) and proposed.value - current.value >= 1e-4 * promised - 100 * noise:
            theta, current, damping = target, proposed, damping / 10 if damping > 1e-8 else 0.0
        else:
            damping = max(4 * damping, 1e-3 * float(np.abs(curvatures).max()))
        if damping > 1e12 * float(np.abs(curvatures).max()):
            break
    raise ConvergenceError(
        f"no optimum after {_MAX_ITERATIONS} steps: log-likelihood {current.value:.6f} at log-parameters "
        f"{np.round(theta, 4).tolist()} with gradient {np.round(current.gradient, 6).tolist()}"
    )


def _limits_in_reach(
    on_a_part: Callable[[FloatArray], Score], theta: FloatArray, limits: Mapping[str, FloatArray]
) -> Mapping[str, FloatArray]:
    """The limits that a part of the rows does not rule out: a glance that spares a look at all rows."""
    value = on_a_part(theta).value
    return {
        name: direction
        for name, direction in limits.items()
        if not on_a_part(theta + 6.0 * direction).value < value - _OUT_OF_REACH
    }


def _follow_limits(
    in_logs: Callable[[FloatArray], Score],
    theta: FloatArray,
    at_theta: Score,
    limits: Mapping[str, FloatArray],
) -> tuple[str | None, FloatArray, Score]:
    """The limit that the optimum lies at, and a point so near it that forecasts are those of the limit."""
    tolerance = max(_FLAT, 1e-13 * abs(at_theta.value))
    for name, direction in limits.items():
        point = theta + 6.0 * direction
        # Far on the other side the likelihood may be flat too, yet that is another limit.
        if direction @ point <= 0:
            continue
        at_point = in_logs(point)
        if at_point.value < at_theta.value - tolerance:
            continue
        lowest = max(at_point.value, at_theta.value) - tolerance / 4
        outwards = 1.0 if _depth(point, direction) < _NEAR_LIMIT else -1.0
        while (_NEAR_LIMIT - _depth(point, direction)) * outwards > 0:
            next_point = point + outwards * direction
            at_next = in_logs(next_point)
            if at_next.value < lowest:
                break
            point, at_point = next_point, at_next
        return name, point, at_point
    return None, theta, at_theta


def _depth(theta: FloatArray, direction: FloatArray) -> float:
    """How far all the parameters that run to a limit have come."""
    return float((direction * theta)[direction != 0].min())


def _covariance(information: FloatArray, limit: FloatArray | None, *, at_limit: bool) -> FloatArray:
    """Inverse of the information; at a limit, of the part that the data identify."""
    basis = np.eye(len(information))
    if limit is not None:
        # All directions but that of the limit, in which the information is zero but for rounding.
        basis = np.linalg.svd(limit[:, None])[0][:, 1:]
    curvatures, axes = np.linalg.eigh(basis.T @ information @ basis)
    floor = (1e-7 if at_limit else 1e-13) * np.abs(curvatures).max(initial=0.0)
    inverse = np.where(curvatures > floor, 1 / np.where(curvatures > floor, curvatures, 1.0), 0.0)
    covariance = (basis @ axes * inverse) @ (basis @ axes).T
    return np.asarray((covariance + covariance.T) / 2)


def profile_bounds(
    score: Callable[[FloatArray, int], Score],
    optimum: FloatArray,
    spread: FloatArray,
    *,
    drop: float,
    offset: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Where the profile of each parameter has fallen by `drop` below the highest log-likelihood.

    Parameters
    ----------
    score : callable (parameters, stride) -> Score
        Log-likelihood and derivatives, by the parameters.
    optimum : ndarray of shape (n_parameters,)
        The parameters at the optimum.
    spread : ndarray of shape (n_parameters,)
        Standard errors of the logarithms of (optimum - offset): the scale of the first steps.
    drop : float
        How far the log-likelihood falls, greater than 0.
    offset : ndarray of shape (n_parameters,), optional
        Lower bounds of the parameters; 0 by default.

    Returns
    -------
    lower, upper : ndarray of shape (n_parameters,)
        The offset, or infinity, where the profile never falls so far.
    """
    shift = np.zeros(optimum.size) if offset is None else offset
    in_logs = _in_logarithms(score, shift, 1)
    theta = np.log(optimum - shift)
    level = in_logs(theta).value - drop
    bounds = np.empty((2, theta.size))
    for index in range(theta.size):
        for side, sign in enumerate((-1.0, 1.0)):
            profile = _Profile(in_logs, theta, index, level)
            bounds[side, index] = profile.crossing(sign, max(float(spread[index]), _SHORTEST_STEP))
    lower, upper = shift + np.exp(bounds)
    return lower, upper


@dataclass(slots=True, eq=False)
class _Profile:
    """The highest log-likelihood with one log-parameter held, less a level; remembers where it was last."""

    in_logs: Callable[[FloatArray], Score]
    theta: FloatArray
    index: int
    level: float

    def __call__(self, held: float) -> float:
        others = np.arange(self.theta.size) != self.index

        def on_others(part: FloatArray) -> Score:
            whole = np.empty(self.theta.size)
            whole[self.index], whole[others] = held, part
            at = self.in_logs(whole)
            return Score(at.value, at.gradient[others], at.hessian[np.ix_(others, others)])

        part, at_part, _ = _climb(on_others, self._predicted(held)[others], rough=False)
        self.theta = self.theta.copy()
        self.theta[self.index], self.theta[others] = held, part
        return at_part.value - self.level

    def crossing(self, sign: float, step: float) -> float:
        """Where the profile crosses the level on one side; infinite where it does not."""
        near = float(self.theta[self.index])
        far = near + sign * step
        while self(far) > 0:
            step = min(1.5 * step, _LONGEST_PROFILE_STEP)
            near, far = far, far + sign * step
            if abs(far) > _FARTHEST_BOUND:
                return sign * np.inf
        return float(brentq(self, near, far, xtol=1e-6))

    def _predicted(self, held: float) -> FloatArray:
        """Where the other parameters go, to first order, when the one that is held moves."""
        others = np.arange(self.theta.size) != self.index
        move = held - self.theta[self.index]
        hessian = self.in_logs(self.theta).hessian
        # A pseudo-inverse, because at a limit some directions have no curvature.
        inverse = np.asarray(np.linalg.pinv(hessian[np.ix_(others, others)], rcond=1e-10), dtype=np.float64)
        pull = inverse @ hessian[others, self.index]
        predicted = self.theta.copy()
        predicted[others] -= np.clip(pull * move, -2 * abs(move), 2 * abs(move))
        return predicted
