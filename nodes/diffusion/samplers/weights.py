"""Weights of multistep methods: integrals of the polynomials through the values that a method remembers."""

from collections.abc import Callable, Sequence
from functools import cache
from math import prod

from torch import Tensor

POINTS = 64  # exact for polynomials up to degree 127


def lagrange_weights(
    nodes: Sequence[float], start: float, end: float, density: Callable[[float], float] = lambda _: 1.0
) -> list[float]:
    """For each node the integral of ``density`` times the polynomial that is 1 there and 0 at the others.

    By Gauss and Legendre's rule: exact where the density is a polynomial, else to about 1e-15 if it is smooth.
    """

    def basis(k: int, at: float) -> float:
        return prod((at - node) / (nodes[k] - node) for j, node in enumerate(nodes) if j != k)

    measured = [(at, weight * density(at)) for at, weight in points_between(start, end)]
    return [sum(weight * basis(k, at) for at, weight in measured) for k in range(len(nodes))]


def integral(function: Callable[[float], float], start: float, end: float) -> float:
    """Of a smooth function, by the same rule."""
    return sum(weight * function(at) for at, weight in points_between(start, end))


def weighted(weights: Sequence[float | Tensor], values: Sequence[Tensor]) -> Tensor:
    """The sum of ``values``, each times its weight."""
    first, *others = (weight * value for weight, value in zip(weights, values, strict=True))
    return sum(others, start=first)


def points_between(start: float, end: float) -> list[tuple[float, float]]:
    """The rule's points on an interval, and their weights."""
    middle, half = (start + end) / 2, (end - start) / 2
    return [(middle + half * at, half * weight) for at, weight in gauss_legendre()]


@cache
def gauss_legendre() -> list[tuple[float, float]]:
    """Points in [-1, 1], and their weights."""
    from numpy.polynomial.legendre import leggauss  # what this takes is paid by the samplers that need it

    points, weights = leggauss(POINTS)
    return list(zip(points.tolist(), weights.tolist(), strict=True))
