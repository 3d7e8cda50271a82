"""What each neuron responds to: its output over the plane of the two coordinates that all inputs are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from PySide6.QtGui import QImage

from engine.blocks.input import TOYS
from engine.expression import evaluate
from engine.features import coordinates, feature_formulas
from engine.problem import DataError
from gui.backprop.neurons.chain import Array, Chain, Plans
from gui.backprop.neurons.forward import Forwards
from gui.backprop.neurons.layout import Layout
from gui.backprop.neurons.sight import Weights
from gui.colormaps import colorize, diverging
from gui.plots.pixels import qimage
from gui.theme import theme

SIDE: Final = 60
"""Places along each side of a picture."""
_TOY: Final = 6.0
_MIDDLE: Final = {"sigmoid": 0.5, "hardsigmoid": 0.5}
_NUMPY: Final[dict[str, Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "neg": np.negative,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "min": lambda *values: np.minimum.reduce(np.broadcast_arrays(*values)),
    "max": lambda *values: np.maximum.reduce(np.broadcast_arrays(*values)),
    **{
        name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "log2", "log10")
    },
    **{name: getattr(np, name) for name in ("sqrt", "abs", "sign", "floor", "ceil", "round")},
}


def feature_names(chain: Chain, plans: Plans) -> tuple[str, ...]:
    """What the inputs are called: the formulas of generated data; () elsewhere."""
    plan = plans.get(chain.source.rpartition(".")[0])
    if plan is None or plan.block != "Input" or plan.params.get("dataset") not in (*TOYS, "function"):
        return ()
    names = tuple(plan.params["features"] or coordinates(plan.params["dataset"]))
    return names if len(names) == chain.size(0) else ()


def plane(chain: Chain, plans: Plans) -> Array | None:
    """All inputs at the places of a square over two coordinates, `(SIDE², features)`; row 0 is the top left.

    None where the inputs are not made of two coordinates. Whether they are is tried on the batch at hand: data that
    were standardised, for example, are not the features that their formulas give.
    """
    plan = plans.get(chain.source.rpartition(".")[0])
    if plan is None or plan.block != "Input":
        return None
    toy = plan.params.get("dataset") in TOYS
    if not toy:
        return _square(*_extent(chain.x)).astype(chain.x.dtype) if chain.size(0) == 2 else None
    names = feature_names(chain, plans)
    if "x1" not in names or "x2" not in names:
        return None
    points = chain.x[:, [names.index("x1"), names.index("x2")]]
    tried = _features(points.astype(np.float64), plan.params)
    if tried is None or not np.allclose(tried, chain.x, rtol=1e-4, atol=1e-5):
        return _square(*_extent(chain.x)).astype(chain.x.dtype) if chain.size(0) == 2 else None
    grid = _features(_square((-_TOY, _TOY), (-_TOY, _TOY)), plan.params)
    return None if grid is None else grid.astype(chain.x.dtype)


def _features(points: Array, params: Mapping[str, Any]) -> Array | None:
    try:
        formulas = feature_formulas(params)
    except DataError:
        return None
    known = {"x1": points[:, 0], "x2": points[:, 1]}
    with np.errstate(all="ignore"):
        columns = [np.broadcast_to(evaluate(tree, known, _NUMPY, np.asarray), (len(points),)) for _, tree in formulas]
    return np.stack(columns, axis=1)


def _extent(x: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    found = []
    for column in (0, 1):
        low, high = float(x[:, column].min()), float(x[:, column].max())
        middle, reach = (low + high) / 2, max(0.75 * (high - low), 0.5)
        found.append((middle - reach, middle + reach))
    return found[0], found[1]


def _square(across: tuple[float, float], up: tuple[float, float]) -> Array:
    x, y = np.meshgrid(np.linspace(*across, SIDE), np.linspace(up[1], up[0], SIDE))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def pictures(
    chain: Chain, layout: Layout, forwards: Forwards, grid: Array, plans: Plans, weights: Weights
) -> list[list[QImage]]:
    """A picture for each neuron that is shown: orange below the middle, blue above, each layer with one scale."""
    found = [_images(grid, layout.rows[0], 0.0, each=True)]
    for at, out in enumerate(forwards.on(grid, weights)):
        last = chain.layers[at].rest[-1] if chain.layers[at].rest else None
        function = str(plans[last.node].params.get("function")) if last is not None and last.node in plans else ""
        found.append(_images(out, layout.rows[at + 1], _MIDDLE.get(function, 0.0)))
    return found


def _images(out: Array, rows: tuple[int, ...], middle: float, *, each: bool = False) -> list[QImage]:
    shown = out[:, list(rows)] - middle
    limits = np.nan_to_num(np.abs(shown)).max(axis=0)
    if not each:
        limits = np.full_like(limits, limits.max())
    table = diverging(theme().palette)
    made = []
    for at in range(len(rows)):
        limit = float(limits[at]) or 1.0
        made.append(qimage(colorize(shown[:, at].reshape(SIDE, SIDE), table, -limit, limit)))
    return made
