"""What is said of each claim: right or wrong, by which factor, and how far off.

An overall factor (minus a learning rate, m, 2) falls out as what all claims have in common.
"""

from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.claims import Claim

TOLERANCE = 3e-4
NOTHING = 1e-11


def factors(v: Any, S: Any) -> list[tuple[int, float]]:
    """The rows of S that v is a multiple of, and the factors."""
    if not np.all(np.isfinite(v)):
        return []
    squares = np.sum(S * S, axis=1)
    c = S @ v / np.where(squares < 1e-18, np.inf, squares)
    off = np.linalg.norm(v - c[:, None] * S, axis=1)
    close = (off <= TOLERANCE * np.linalg.norm(v) + NOTHING) & (np.abs(c) >= 1e-12)
    return [(int(i), float(c[i])) for i in np.flatnonzero(close)]


def factor(value: Any, slopes: Any) -> float | None:
    """c where value = c slopes, or None.

    >>> factor([2.0, 4.0], [1.0, 2.0]), factor([2.0, 4.1], [1.0, 2.0])
    (2.0, None)
    """
    v, s = np.reshape(value, -1).astype(float), np.reshape(slopes, -1).astype(float)
    found = factors(v, s[None]) if v.size == s.size else []
    return found[0][1] if found else None


def close(one: float, other: float) -> bool:
    """Whether two factors are the same but for what a difference cannot see.

    >>> close(0.5003, 0.5), close(0.51, 0.5)
    (True, False)
    """
    return abs(one - other) <= 1e-3 * abs(other)


def multiple(c: float, name: str) -> str:
    """A multiple of a gradient in words.

    >>> multiple(1.0, "W"), multiple(-1.0, "W"), multiple(0.25, "(A)")
    ('dJ/dW', '-dJ/dW', '0.25 dJ/d(A)')
    """
    times = f"{c:.4g} "
    return f"{ {'1 ': '', '-1 ': '-'}.get(times, times) }dJ/d{name}"


class Judged(NamedTuple):
    """One claim: its factor, whether that is the others', and how far off it is where it is not."""

    claim: Claim
    factor: float | None
    is_right: bool
    mode: str
    """"step", "gradient", "new" or "rule": what the claim is of its parameter."""
    why: str = ""
    """Where there is no factor: "gone", "shape" or "zero"."""
    off: float = 0.0


class Verdict:
    """All claims judged."""

    def __init__(
        self, judged: list[Judged], factors: dict[Any, tuple[float | None, str, bool]]
    ) -> None:
        """``factors`` has, by groups, the factor, what the claims are, and if it is plain."""
        self.judged, self.factors = judged, factors
        self.right = {one.claim.parameter for one in judged if one.is_right}
        self.right -= {one.claim.parameter for one in judged if not one.is_right}
        self.wrong = {one.claim.parameter for one in judged} - self.right

    @property
    def ok(self) -> bool:
        """Whether every claim is right."""
        return not self.wrong

    @property
    def two(self) -> tuple[float, float] | None:
        """The factor that all wrong claims have in common, and that of the right ones, both down.

        Or both up, as gradients are.
        """
        wrong = [one.factor for one in self.judged if not one.is_right]
        right = [one.factor for one in self.judged if one.is_right and one.factor is not None]
        first = next(iter(wrong), None)
        if first is None or not right or any(f is None or not close(f, first) for f in wrong):
            return None
        return (first, right[0]) if first * right[0] > 0 else None

    @property
    def is_plainest(self) -> bool:
        """Whether what is claimed to be a gradient is one, and no multiple of it."""
        found = [c for c, mode, _ in self.factors.values() if mode == "gradient"]
        return all(c is None or abs(c - 1) < 1e-3 for c in found)

    @property
    def is_turned(self) -> bool:
        """Whether what is claimed to be a gradient goes down where that goes up."""
        return any(
            c is not None and c < 0 and mode == "gradient" for c, mode, _ in self.factors.values()
        )
