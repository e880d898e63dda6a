"""Alive as if they were arrays of NumPy: a list of numbers, and a number by its name."""

from typing import Any

import numpy as np


class Numbers:
    """A list of numbers that a code moves."""

    def __init__(self, items: list[float]) -> None:
        self.items = items

    @property
    def shape(self) -> tuple[int, ...]:
        """One size."""
        return (len(self.items),)

    def __getitem__(self, at: tuple[int]) -> float:
        return self.items[at[0]]

    def __setitem__(self, at: tuple[int], value: float) -> None:
        self.items[at[0]] = float(value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.items, dtype)


class Number:
    """A number in a dict, or in that of an object's attributes, that a code rebinds."""

    shape: tuple[int, ...] = ()

    def __init__(self, holder: dict[str, Any], name: str) -> None:
        self.holder, self.name = holder, name

    def __getitem__(self, at: tuple[()]) -> float:
        return self.holder[self.name]

    def __setitem__(self, at: tuple[()], value: float) -> None:
        self.holder[self.name] = float(value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.holder[self.name], dtype)
