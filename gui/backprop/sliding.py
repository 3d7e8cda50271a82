"""Where the numbers of a convolution or pooling meet: one relation between two planes, read in three ways.

A place `a` of the fine plane and a place `i` of the coarse one meet at the entry `u` of the kernel where
a = s·i + d·u - p, in each dimension. For a convolution or pooling the fine plane is the input and the coarse one the
output; for a transposed convolution it is the other way round.

Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from engine.moments import Forward
from engine.pooling import stride_of
from engine.shapes import even_pads, per_dim, same_pads

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Kind = Literal["convolution", "transposed", "max", "average"]
Pair = tuple[int, int]

KINDS: Final[dict[str, Kind]] = {
    "Conv1d": "convolution",
    "Conv2d": "convolution",
    "ConvTranspose2d": "transposed",
    "MaxPool2d": "max",
    "AvgPool2d": "average",
}


@final
@dataclass(frozen=True, slots=True)
class Sliding:
    """How a window slides. Sequences are pictures of height 1.

    Attributes:
        kernel, stride, dilation: in each dimension; `pads`: zeros before the fine plane.
        fine, coarse: (channels, height, width) of the two planes.
        groups: into which channels are split.
        counts_pads: whether a mean counts the zeros of the padding.
        flat: whether it is a sequence.
    """

    kind: Kind
    kernel: Pair
    stride: Pair
    dilation: Pair
    pads: Pair
    fine: tuple[int, int, int]
    coarse: tuple[int, int, int]
    groups: int = 1
    counts_pads: bool = True
    flat: bool = False

    # -- channels --

    @property
    def is_pool(self) -> bool:
        """Whether each channel is on its own, without weights."""
        return self.kind in ("max", "average")

    def fine_of(self, channel: int) -> range:
        """The fine channels that a coarse channel meets."""
        if self.is_pool:
            return range(channel, channel + 1)
        per = self.fine[0] // self.groups
        first = channel // (self.coarse[0] // self.groups) * per
        return range(first, first + per)

    def coarse_of(self, channel: int) -> range:
        """The coarse channels that a fine channel meets."""
        if self.is_pool:
            return range(channel, channel + 1)
        per = self.coarse[0] // self.groups
        first = channel // (self.fine[0] // self.groups) * per
        return range(first, first + per)

    def row_of(self, fine: int) -> int:
        """Of a fine channel in the second dimension of the weight, which counts within the group."""
        return fine % (self.fine[0] // self.groups)

    # -- places --

    def under(self, place: Pair) -> tuple[Ints, Ints]:
        """Rows and columns of the fine plane, each of the kernel's shape, under the window of a coarse place.

        Places outside of the plane are padding.
        """
        rows, columns = (self._line(place[axis], axis) for axis in (0, 1))
        return np.broadcast_arrays(rows[:, None], columns[None, :])  # type: ignore[return-value]

    def _line(self, at: int, axis: int) -> Ints:
        return self.stride[axis] * at + self.dilation[axis] * np.arange(self.kernel[axis]) - self.pads[axis]

    def over(self, place: Pair) -> tuple[Ints, Ints, Bools]:
        """Rows and columns of the coarse plane whose windows see a fine place with each entry of the kernel.

        The third, of the kernel's shape, too, tells which entries there are: no window sees it with the others.
        """
        found = []
        for axis in (0, 1):
            reach = place[axis] + self.pads[axis] - self.dilation[axis] * np.arange(self.kernel[axis])
            at = reach // self.stride[axis]
            fits = (reach % self.stride[axis] == 0) & (at >= 0) & (at < self.coarse[1 + axis])
            found.append((at, fits))
        (rows, down), (columns, across) = found
        every = np.broadcast_arrays(rows[:, None], columns[None, :])
        return every[0], every[1], down[:, None] & across[None, :]

    def met(self, entry: Pair) -> tuple[Ints, Ints]:
        """Rows and columns of the fine plane, of the coarse plane's shape, that an entry of the kernel meets."""
        rows, columns = (
            self.stride[axis] * np.arange(self.coarse[1 + axis]) + self.dilation[axis] * entry[axis] - self.pads[axis]
            for axis in (0, 1)
        )
        return np.broadcast_arrays(rows[:, None], columns[None, :])  # type: ignore[return-value]

    def inside(self, rows: Ints, columns: Ints) -> Bools:
        """Which places lie in the fine plane, and not in its padding."""
        found: Bools = (rows >= 0) & (rows < self.fine[1]) & (columns >= 0) & (columns < self.fine[2])
        return found

    def margins(self) -> tuple[int, int, int, int]:
        """How far windows reach beyond the fine plane: above, left, below, right."""
        reach = [
            self.stride[axis] * (self.coarse[1 + axis] - 1) + self.dilation[axis] * (self.kernel[axis] - 1)
            for axis in (0, 1)
        ]
        below, right = (max(0, reach[axis] - self.pads[axis] - self.fine[1 + axis] + 1) for axis in (0, 1))
        return (self.pads[0], self.pads[1], below, right)

    def count(self, place: Pair) -> int:
        """How many numbers the mean of a window is over."""
        if self.counts_pads:
            return self.kernel[0] * self.kernel[1]
        return int(self.inside(*self.under(place)).sum())

    def centred(self, place: Pair) -> Pair:
        """The coarse place whose window has its middle nearest to a fine place."""
        found = []
        for axis in (0, 1):
            middle = self.dilation[axis] * (self.kernel[axis] - 1) / 2
            at = round((place[axis] + self.pads[axis] - middle) / self.stride[axis])
            found.append(min(max(0, at), self.coarse[1 + axis] - 1))
        return (found[0], found[1])


def taken(planes: NDArray[Any], rows: Ints, columns: Ints) -> Floats:
    """Numbers of planes `(…, height, width)` at places; 0 outside."""
    height, width = planes.shape[-2:]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    found = planes[..., np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)].astype(np.float64)
    return np.where(inside, found, 0.0)


def pictures(array: NDArray[Any]) -> NDArray[Any]:
    """`(samples, channels, height, width)`; sequences become pictures of height 1."""
    return array[:, :, None, :] if array.ndim == 3 else array


def sliding_of(moment: Forward) -> Sliding | None:
    """How the window of a block slides; None where it has none, or its shapes are not those."""
    kind = KINDS.get(moment.block)
    params = moment.formula.params
    if kind is None or "kernel_size" not in params or len(moment.inputs) != 1 or len(moment.outputs) != 1:
        return None
    shapes = [moment.inputs[0].shape, moment.outputs[0].shape]
    dims = len(shapes[0]) - 2
    if dims not in (1, 2) or len(shapes[1]) != dims + 2:
        return None
    source, target = ((shape[1], *(1,) * (2 - dims), *shape[2:]) for shape in shapes)
    kernel, stride, dilation, pads = (_pair(value, fill) for value, fill in _settings(params, kind, dims))
    fine, coarse = (target, source) if kind == "transposed" else (source, target)
    found = Sliding(
        kind,
        kernel,
        stride,
        dilation,
        pads,
        (fine[0], fine[1], fine[2]),
        (coarse[0], coarse[1], coarse[2]),
        params.get("groups", 1),
        params.get("count_include_pad", True),
        dims == 1,
    )
    return found if _slides(moment, found) else None


def _slides(moment: Forward, slide: Sliding) -> bool:
    """Whether the block does what its parameters say: a muted one passes on what it gets."""
    if not slide.is_pool:
        return any(values.name == "weight" for values in moment.weights)
    reach = [slide.dilation[axis] * (slide.kernel[axis] - 1) + 1 - 2 * slide.pads[axis] for axis in (0, 1)]
    places = [(slide.fine[1 + axis] - reach[axis]) // slide.stride[axis] + 1 for axis in (0, 1)]
    return places == list(slide.coarse[1:])


def _settings(params: Mapping[str, Any], kind: Kind, dims: int) -> list[tuple[tuple[int, ...], int]]:
    """Kernel, stride, dilation and padding before, each with what stands for a dimension that is not there."""
    kernel = per_dim(params["kernel_size"], dims)
    stride = stride_of(params) if kind in ("max", "average") else per_dim(params["stride"], dims)
    dilation = per_dim(params.get("dilation", 1), dims)
    padding = params["padding"]
    if padding == "same":
        pads = same_pads(kernel, dilation)
    else:
        pads = even_pads(per_dim(0 if padding == "valid" else padding, dims))
    return [(kernel, 1), (stride, 1), (dilation, 1), (tuple(before for before, _ in pads), 0)]


def _pair(value: tuple[int, ...], fill: int) -> Pair:
    return (value[0], value[1]) if len(value) == 2 else (fill, value[0])
