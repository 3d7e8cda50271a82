"""A step as one writes it in NumPy: forward, backward and update of dense layers, by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def numpy_loop(
    arrays: Sequence[Floats], x: Floats, y: Floats, size: int, *, relu: bool, lr: float = 0.03
) -> Callable[[int], None]:
    """Makes steps of SGD on the mean of (output − target)²/2, in epochs in a new order each.

    Args:
        arrays: weight (out, in) and bias of each layer, in turn; they are changed.
        x, y: samples (n, in) and targets (n, 1).
        size: of a batch.
        relu: in the hidden layers, in place of tanh; the last layer has tanh.
    """
    layers = list(zip(arrays[::2], arrays[1::2], strict=True))
    random = np.random.default_rng(0)
    state = {"order": random.permutation(len(x)), "at": np.zeros(1, dtype=np.int64)}

    def step() -> None:
        at = int(state["at"][0])
        if at >= len(x):
            state["order"], at = random.permutation(len(x)), 0
        rows = state["order"][at : at + size]
        state["at"][0] = at + size
        values = [x[rows]]
        for number, (weight, bias) in enumerate(layers):
            total = values[-1] @ weight.T + bias
            values.append(np.maximum(total, 0) if relu and number < len(layers) - 1 else np.tanh(total))
        grad = (values[-1] - y[rows]) / np.float32(len(rows))
        for number in range(len(layers) - 1, -1, -1):
            weight, bias = layers[number]
            out = values[number + 1]
            grad = grad * (out > 0) if relu and number < len(layers) - 1 else grad * (1 - out * out)
            before = grad @ weight if number else grad
            weight -= np.float32(lr) * (grad.T @ values[number])
            bias -= np.float32(lr) * grad.sum(0)
            grad = before

    def turn(steps: int) -> None:
        for _ in range(steps):
            step()

    return turn
