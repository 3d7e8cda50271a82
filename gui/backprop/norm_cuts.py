r"""What the formulas of normalising blocks leave unsaid: over which numbers mean and variance are taken.

Their lines say `\mathrm{mean}(\delta')` and `\sum \delta\, \hat{x}`; here the means become numbers, and sums get an
index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, final

import numpy as np

from gui.backprop.cuts import WHOLE, Array, Cut, Place
from gui.backprop.evaluate import Floats
from gui.backprop.worked import Line, line_of
from gui.backprop.write import number, terms

KINDS: Final = frozenset(["BatchNorm1d", "BatchNorm2d", "GroupNorm", "LayerNorm"])
_MEANS: Final = (
    (r"\mathrm{mean}(\delta'\, \hat{x})", "M_2"),
    (r"\mathrm{mean}(\delta')", "M_1"),
    (r"\sum \delta\, \hat{x}", r"\sum_{i} \delta_{i}\, \hat{x}_{i}"),
    (r"\sum \delta", r"\sum_{i} \delta_{i}"),
)
_Where = tuple[int | slice, ...]


def readable(lines: Sequence[str]) -> list[str]:
    """The lines with names for the means, and an index for the sums."""
    found = []
    for line in lines:
        for said, meant in _MEANS:
            line = line.replace(said, meant)  # noqa: PLW2901 - one after another
        found.append(line)
    return found


@final
class Normalised:
    """One normalising block in one step.

    Args:
        kind: of the block.
        params: of it.
        x: its input.
    """

    def __init__(self, kind: str, params: Mapping[str, Any], x: Array) -> None:
        self._kind, self._params, self._x = kind, params, x
        self._eps = float(params.get("eps", 1e-5))

    # -- which numbers belong together --

    def _group(self, place: Place) -> _Where:
        """All numbers that share mean and variance with a place."""
        if self._kind == "LayerNorm":
            return place[: self._x.ndim - int(self._params["dims"])]
        if self._kind == "GroupNorm":
            per = self._x.shape[1] // int(self._params["num_groups"])
            first = place[1] // per * per
            return (place[0], slice(first, first + per))
        return (slice(None), place[1])

    def _together(self, array: Array, place: Place) -> Floats:
        """The numbers of a tensor, stretched to the input's shape, that share mean and variance with a place."""
        found: Floats = np.broadcast_to(array, self._x.shape)[self._group(place)].astype(np.float64)
        return found

    def _weight(self, weight: Array, place: Place) -> float:
        """The scale or shift at a place."""
        own = place[self._x.ndim - weight.ndim :] if self._kind == "LayerNorm" else (place[1],)
        return float(weight[own])

    def _weights(self, weight: Array) -> Array:
        """Scale or shift, to be multiplied with the input."""
        if self._kind == "LayerNorm":
            return weight
        return weight.reshape(1, -1, *(1 for _ in self._x.shape[2:]))

    def _served(self, place: Place) -> _Where:
        """All numbers that a scale is used for."""
        if self._kind == "LayerNorm":
            outer = self._x.ndim - len(place)
            return (*(slice(None) for _ in range(outer)), *place)
        return (slice(None), place[0])

    # -- cuts --

    def cuts(self, known: Mapping[str, Array], result: Array, place: Place) -> Iterator[Cut]:
        """The numbers of one place, or all that a scale or shift is used for."""
        if result.shape == self._x.shape:
            yield Cut(self._at(known, place), result[place], ())
        elif self._x.size <= WHOLE:
            where = self._served(place)
            found: dict[str, Array] = {r"\hat{x}": self._normal()[where].reshape(-1)}
            if r"\delta" in known:
                found[r"\delta"] = known[r"\delta"][where].reshape(-1)
            yield Cut(found, result[place], ())

    def _at(self, known: Mapping[str, Array], place: Place) -> dict[str, Floats]:
        together = self._together(self._x, place)
        found = {"x": self._x[place], r"\mu": together.mean(), "v": together.var(), r"\varepsilon": self._eps}
        for name in (r"\gamma", r"\beta"):
            if name in known:
                found[name] = self._weight(known[name], place)
        delta = known.get(r"\delta")
        if delta is not None:
            arriving = self._together(delta, place)
            if r"\gamma" in known:
                arriving = arriving * self._together(self._weights(known[r"\gamma"]), place)
            normal = (together - together.mean()) / np.sqrt(together.var() + self._eps)
            found |= {r"\delta": delta[place], "M_1": arriving.mean(), "M_2": (arriving * normal).mean()}
        return {name: np.asarray(value, dtype=np.float64) for name, value in found.items()}

    def _normal(self) -> Floats:
        """The normalised input."""
        x = self._x.astype(np.float64)
        if self._kind == "GroupNorm":
            grouped = x.reshape(len(x), int(self._params["num_groups"]), -1)
            return _standard(grouped, (2,), self._eps).reshape(x.shape)
        if self._kind == "LayerNorm":
            return _standard(x, tuple(range(x.ndim - int(self._params["dims"]), x.ndim)), self._eps)
        return _standard(x, (0, *range(2, x.ndim)), self._eps)

    # -- lines --

    def statistics(self, place: Place) -> list[Line]:
        """Mean and variance that a place is normalised by, written out."""
        together = self._together(self._x, place).reshape(-1)
        mean, count = float(together.mean()), len(together)
        sums = terms(count, lambda k: number(together[k], bare=k == 0))
        squares = terms(count, lambda k: rf"({number(together[k])} - {number(mean, bare=False)})^{{2}}")
        return [
            line_of(r"\mu", rf"\dfrac{{{sums}}}{{{count}}}", mean, r"\mu", ()),
            line_of("v", rf"\dfrac{{{squares}}}{{{count}}}", float(together.var()), "v", ()),
        ]


def _standard(x: Floats, axes: tuple[int, ...], eps: float) -> Floats:
    centred = x - x.mean(axes, keepdims=True)
    normal: Floats = centred / np.sqrt((centred * centred).mean(axes, keepdims=True) + eps)
    return normal
