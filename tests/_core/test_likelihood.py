"""The maximum-likelihood driver on likelihoods whose optimum is known."""

from __future__ import annotations

import numpy as np
import pytest

from customer_centric import ConvergenceError
from customer_centric._core.likelihood import Score, maximise

LIMITS = {"infinite": np.array([1.0, 0.0]), "zero": np.array([-1.0, 0.0])}


def normal(target: np.ndarray, curvature: np.ndarray):
    """Quadratic in the logarithms: the optimum is `target`, the covariance the inverse of `curvature`."""

    def score(parameters: np.ndarray, stride: int) -> Score:
        theta = np.log(parameters) - np.log(target)
        slope, bend = -curvature @ theta, -curvature
        # From derivatives by the logarithms to derivatives by the parameters.
        gradient = slope / parameters
        hessian = bend / np.outer(parameters, parameters) - np.diag(slope / parameters**2)
        return Score(float(-theta @ curvature @ theta / 2), gradient, hessian)

    return score


CURVATURE = np.array([[2.0, 0.9], [0.9, 1.0]])


@pytest.mark.parametrize("start", [(1.0, 1.0), (1e-8, 1e8), (1e8, 1e8)])
def test_the_optimum_of_a_normal_likelihood(start: tuple[float, float]) -> None:
    target = np.array([0.3, 70.0])
    found = maximise(normal(target, CURVATURE), np.array(start), n_rows=10, limits=LIMITS)
    np.testing.assert_allclose(found.parameters, target, rtol=1e-9)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(CURVATURE), rtol=1e-8)
    assert found.boundary is None
    assert found.value == pytest.approx(0, abs=1e-15)
    assert found.n_iterations > 0


def test_parameters_above_an_offset() -> None:
    target = np.array([0.3, 70.0])
    plain = normal(target, CURVATURE)
    offset = np.array([0.0, 1.0])
    found = maximise(
        lambda theta, stride: plain(theta - offset, stride),
        np.array([1.0, 2.0]),
        n_rows=10,
        limits=LIMITS,
        offset=offset,
    )
    np.testing.assert_allclose(found.parameters, [0.3, 71.0], rtol=1e-9)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(CURVATURE), rtol=1e-8)


def saturating(sign: float):
    """Grows for ever, ever more slowly, with (or against) the first parameter: the optimum is a limit."""

    def score(parameters: np.ndarray, stride: int) -> Score:
        first, second = parameters
        power = first**-sign
        by_log = np.array([sign * power, 0.0])
        miss = np.log(second / 5)
        by_log[1] = -miss
        bend = np.diag([-power, -1.0])
        gradient = by_log / parameters
        hessian = bend / np.outer(parameters, parameters) - np.diag(by_log / parameters**2)
        return Score(float(-power - miss**2 / 2), gradient, hessian)

    return score


@pytest.mark.parametrize(("sign", "name"), [(1.0, "infinite"), (-1.0, "zero")])
def test_an_optimum_at_infinity_is_a_limit_by_name(sign: float, name: str) -> None:
    """The value is that of the limit, and what the limit leaves free keeps its variance."""
    found = maximise(saturating(sign), np.array([1.0, 1.0]), n_rows=10, limits=LIMITS)
    assert found.boundary == name
    assert found.value == pytest.approx(0, abs=1e-5)
    assert found.parameters[1] == pytest.approx(5)
    np.testing.assert_allclose(found.covariance, [[0, 0], [0, 1]], atol=1e-9)
    # Far enough that nothing computed there differs from the limit by more than a millionth.
    assert abs(np.log(found.parameters[0])) >= 14


def test_a_limit_without_a_name() -> None:
    found = maximise(saturating(1.0), np.array([1.0, 1.0]), n_rows=10, limits={})
    assert found.boundary is None or found.boundary == "no optimum at finite parameters"
    assert np.isfinite(found.covariance).all()


def test_large_data_are_climbed_in_strides() -> None:
    """A fit of a part is the start of the next; the last one sees every row."""
    strides: list[int] = []
    plain = normal(np.array([0.3, 70.0]), CURVATURE)

    def score(parameters: np.ndarray, stride: int) -> Score:
        strides.append(stride)
        return plain(parameters, stride)

    maximise(score, np.array([1.0, 1.0]), n_rows=10**6, limits=LIMITS)
    assert list(dict.fromkeys(strides)) == [144, 12, 1]


def test_a_limit_is_found_among_many_rows_too() -> None:
    """What a part of the rows does not rule out is looked at with all of them."""
    found = maximise(saturating(1.0), np.array([1.0, 1.0]), n_rows=10**6, limits=LIMITS)
    few = maximise(saturating(1.0), np.array([1.0, 1.0]), n_rows=10, limits=LIMITS)
    assert found.boundary == few.boundary is not None
    assert found.value == pytest.approx(few.value, abs=1e-6)


def test_a_gradient_that_lies_does_not_converge() -> None:
    """No half-fitted state: the error carries the last point."""
    plain = normal(np.array([0.3, 70.0]), CURVATURE)

    def wrong(parameters: np.ndarray, stride: int) -> Score:
        right = plain(parameters, stride)
        return Score(right.value, -right.gradient, right.hessian)

    with pytest.raises(ConvergenceError, match=r"no optimum after .* log-likelihood .* with gradient"):
        maximise(wrong, np.array([1.0, 1.0]), n_rows=10, limits=LIMITS)


def test_scores_add() -> None:
    one = Score(1.0, np.ones(2), np.eye(2))
    total = one + one
    assert total.value == 2
    np.testing.assert_array_equal(total.gradient, [2, 2])
    np.testing.assert_array_equal(total.hessian, 2 * np.eye(2))
