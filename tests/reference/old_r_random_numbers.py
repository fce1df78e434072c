"""The random numbers of R before version 1.7, which the tests of R's package cmprsk still draw.

Marsaglia's multiply-with-carry generator, Ahrens and Dieter's (1972) exponential numbers, and samples by
rounding down: what `RNGversion("1.6.2")` asks R for.
"""

from math import factorial, log

import numpy as np


class OldRandomNumbers:
    """A stream of random numbers as R draws them after `set.seed(seed)`."""

    def __init__(self, seed: int) -> None:
        for _ in range(50):
            seed = _congruential(seed)
        self._one = _congruential(seed)
        self._two = _congruential(self._one)

    def uniform(self) -> float:
        """Draw a number between 0 and 1."""
        self._one = (36969 * (self._one & 0xFFFF) + (self._one >> 16)) & 0xFFFFFFFF
        self._two = (18000 * (self._two & 0xFFFF) + (self._two >> 16)) & 0xFFFFFFFF
        return (((self._one << 16) & 0xFFFFFFFF) ^ (self._two & 0xFFFF)) * 2.328306437080797e-10

    def exponential(self) -> float:
        """Draw a number of mean 1."""
        shares = np.cumsum([log(2) ** k / factorial(k) for k in range(1, 17)])
        whole, left = 0.0, 2 * self.uniform()
        while left <= 1:
            whole, left = whole + shares[0], 2 * left
        left -= 1
        if left <= shares[0]:
            return float(whole + left)
        place, smallest = 1, min(self.uniform(), self.uniform())
        while left > shares[place]:
            place, smallest = place + 1, min(smallest, self.uniform())
        return float(whole + smallest * shares[0])

    def samples(self, size: int, count: int) -> np.ndarray:
        """Draw whole numbers from 0 to ``size - 1``."""
        return np.array([int(size * self.uniform()) for _ in range(count)])


def _congruential(state: int) -> int:
    return (69069 * state + 1) & 0xFFFFFFFF
