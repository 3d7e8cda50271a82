r"""A row vector times a Jacobian: which matrix it is, where it comes from, and the sums of the product.

∂L/∂x = ∂L/∂y · ∂y/∂x, with gradients as rows (the numerator layout; Goodfellow, Bengio and Courville, 6.5.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from engine.moments import Backward, Values
from gui.backprop.lens import Shown
from gui.backprop.write import number

Floats = NDArray[np.float64]

MOST_NUMBERS: Final = 1 << 18
"""Larger matrices are not asked for."""
MOST_TERMS: Final = 6
WHOLE_DIAGONAL: Final = 32
"""Of a longer diagonal only the diagonal is drawn."""
_CLOSE: Final = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-4}


def _tr(text: str) -> str:
    return QCoreApplication.translate("JacobianLens", text)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """δ · J = ∂L/∂x of one sample.

    Attributes:
        delta: the arriving gradient, flat; `passed`: what is passed on, as it was traced, flat.
        matrix: J, `(outputs, inputs)`; None while it is not known.
        diagonal: of J where it is nothing else.
        kind: `weight`, `diagonal`, `row` (of a scalar output) or `general`.
        tolerance: relative, of the precision of the training.
    """

    delta: Floats
    passed: Floats
    matrix: Floats | None
    diagonal: Floats | None
    kind: str
    tolerance: float

    @property
    def computed(self) -> Floats | None:
        """δ · J."""
        if self.diagonal is not None:
            return self.delta * self.diagonal
        if self.matrix is None:
            return None
        with np.errstate(all="ignore"):  # numbers that are none are shown as such
            return np.asarray(self.delta @ self.matrix)

    @property
    def agrees(self) -> bool | None:
        """Whether δ · J is what was traced; None while J is not known."""
        found = self.computed
        if found is None:
            return None
        known = (values[np.isfinite(values)] for values in (self.passed, found))
        scale = sum(float(np.abs(values).max(initial=0.0)) for values in known)
        near = self.tolerance * scale
        return bool(np.allclose(found, self.passed, rtol=self.tolerance, atol=near, equal_nan=True))

    def sum_lines(self, column: int) -> tuple[str, ...]:
        """One number of the product written out: what arrives at each output, times how the input moves it."""
        row = self._column(column)
        if row is None:
            return ()
        places = [at for at in range(row.size) if row[at] != 0 or row.size <= MOST_TERMS]
        terms = [rf"{number(self.delta[at], bare=False)} \cdot {number(row[at], bare=False)}" for at in places]
        if len(terms) > MOST_TERMS:
            terms = [*terms[: MOST_TERMS - 1], r"\cdots", terms[-1]]
        front = rf"\dfrac{{\partial L}}{{\partial x_{{{column + 1}}}}}"
        symbol = rf"\sum_{{i}} \dfrac{{\partial L}}{{\partial y_{{i}}}}\, J_{{i,{column + 1}}}"
        return (
            f"{front} = {symbol}",
            f"{front} = {' + '.join(terms) or '0'} = {number(self.passed[column])}",
        )

    def _column(self, column: int) -> Floats | None:
        if self.matrix is not None:
            return np.asarray(self.matrix[:, column])
        if self.diagonal is None:
            return None
        found = np.zeros(self.diagonal.size)
        found[column] = self.diagonal[column]
        return found


def ports(shown: Shown) -> list[str]:
    """The inputs whose gradients are known, [] where there is no single output."""
    moment = shown.moment
    if not isinstance(moment, Backward) or len(moment.upstream) != 1 or moment.form == "data":
        return []
    return [values.name for values in moment.inputs if values.size]


def samples_of(shown: Shown, port: str) -> int:
    """How many samples an input holds."""
    shape = _gradient(shown, port).shape
    return int(shape[0]) if shape and len(shape) > 1 else 1


def product_of(shown: Shown, port: str, sample: int, asked: Floats | None = None) -> Product:
    """The product of one sample; J itself as far as the moment tells it, else what was asked for."""
    moment = shown.moment
    assert isinstance(moment, Backward)
    count = samples_of(shown, port)
    passed_values, delta_values = _gradient(shown, port), moment.upstream[0].total
    passed = _part(shown, passed_values, sample, count)
    delta = _part(shown, delta_values, sample, count)
    local = next((each for each in moment.local if each.values.name == port), None)
    tolerance = _CLOSE.get(shown.array(passed_values).dtype, 1e-4)
    if local is not None and local.kind == "weight" and passed.size == local.values.shape[1]:
        return Product(delta, passed, _floats(shown, local.values), None, "weight", tolerance)
    if local is not None and local.kind == "slope" and local.values.shape == passed_values.shape:
        slope = _part(shown, local.values, sample, count)
        matrix = np.diag(slope) if slope.size <= WHOLE_DIAGONAL else None
        return Product(delta, passed, matrix, slope, "diagonal", tolerance)
    if local is not None and local.kind == "gradient" and local.values.shape == passed_values.shape:
        return Product(delta, passed, _part(shown, local.values, sample, count)[None, :], None, "row", tolerance)
    if asked is not None and asked.shape != (delta.size, passed.size):
        asked = None
    return Product(delta, passed, asked, None, "general", tolerance)


def told(product: Product, shown: Shown) -> str:
    """What kind of matrix J is, as a sentence."""
    size = f"{product.delta.size} × {product.passed.size}"
    if product.kind == "weight":
        return _tr("J = ∂y/∂x is the weight matrix W itself, {0}: outputs × inputs.").format(size)
    if product.kind == "diagonal":
        return _tr("Each number by itself, so J = ∂y/∂x is diagonal: the slopes, {0}.").format(size)
    if shown.moment.form == "scalar":
        return _tr("One output, so J = ∂L/∂x is a single row of {0} numbers.").format(product.passed.size)
    if shown.moment.form == "place":
        return _tr("The numbers only change places, so J = ∂y/∂x, {0}, has a single 1 in each row.").format(size)
    return _tr("J = ∂y/∂x holds every output's derivative by every input: {0}.").format(size)


def too_large(product: Product) -> bool:
    """Whether J would have too many numbers."""
    return product.kind == "general" and product.delta.size * product.passed.size > MOST_NUMBERS


def _gradient(shown: Shown, port: str) -> Values:
    moment = shown.moment
    assert isinstance(moment, Backward)
    return next(values for values in moment.inputs if values.name == port)


def _floats(shown: Shown, values: Values) -> Floats:
    return np.asarray(shown.array(values), dtype=np.float64)


def _part(shown: Shown, values: Values, sample: int, count: int) -> Floats:
    """The numbers of one sample, flat; all of what has no samples."""
    array = _floats(shown, values)
    if array.ndim and array.shape[0] == count and count > 1:
        array = np.asarray(array[sample])
    return array.ravel()
