"""Every unit of a network as a picture: its answers over the plane of the data, or to one image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from engine.data.dataset import DataSet
from engine.data.planes import plane_grid
from engine.dataspec import Split
from engine.events import Array, copied
from engine.netcode import Batch, is_input, runs
from engine.probes.probe import Probe
from engine.result import Result
from engine.snapshots import Responses, UnitPictures
from engine.training.run import Run

SIDE: Final = 40
"""Points along each side of the plane."""
MOST_UNITS: Final = 64
"""More units of a block are not pictured."""
MOST_PIXELS: Final = 64
"""Feature maps that are wider or higher are averaged down."""
WIDEST: Final = 2.0
"""The scale ends after so many root mean squares of a block's numbers."""
ZERO: Final = 127
LOST: Final = 255
_WHITE: Final = 255

Outputs = Mapping[str, Tensor]


@final
@dataclass(frozen=True, slots=True)
class _View:
    """What the network is shown, and what of it becomes a picture.

    Attributes:
        batch: the grid's points, or one image.
        blocks: path -> `block.port` of what it makes of that.
    """

    batch: Batch
    blocks: Mapping[str, str]


@final
class ResponseProbe(Probe):
    """One forward pass for all blocks that are looked at: over a grid of points, or of one image."""

    kind = Responses
    shortest: ClassVar[float] = 1 / 70  # what waits for the end of some steps still comes sixty times

    def __init__(self, run: Run, side: int = SIDE) -> None:
        """Args: `side` points along each side of a plane."""
        super().__init__(run)
        self._side = side
        self._wanted: tuple[str, ...] = ()
        self._sample = 0
        self._compute: Callable[[Batch], Outputs] | None = None
        self._data: DataSet | None = None
        self._input = ""
        self._split: Split = "val"
        self._image: Array | None = None
        result, sets = run.loaded.result, run.loaded.data
        for path in result.inputs:
            data = sets[path]
            self._plane = plane_grid(data, side)
            if self._plane is not None or data.is_image:
                self._data, self._input = data, path
                self._split = "val" if data.count("val") else "train"
                break
        self._view = self._make_view(result) if self._data is not None else None

    def fits(self) -> bool:
        return self._view is not None

    def look_at(self, blocks: frozenset[str], sample: int) -> None:
        view, data = self._view, self._data
        if view is None or data is None:
            return
        wanted = tuple(path for path in view.blocks if path in blocks)
        if wanted != self._wanted:
            self._wanted = wanted
            names = [view.blocks[path] for path in wanted]
            self._compute = self.run.trainer.net.forward_to(names) if names else None
        if self._plane is None and sample % data.count(self._split) != self._sample:
            self._sample = sample % data.count(self._split)
            self._view = _View(self._shown_image(data), view.blocks)

    def take(self) -> Responses | None:
        view, data = self._view, self._data
        if self._compute is None or view is None or data is None:
            return None
        with self.run.trainer.evaluating():
            outputs = self._compute(view.batch)
            units = {path: self._units(outputs[view.blocks[path]]) for path in self._wanted}
            blocks = self._pictured(units)
        step, plane = self.run.trainer.steps, self._plane
        if plane is not None:
            axes = (data.point_names[0], data.point_names[1])
            return Responses(step, blocks, self._input, extent=plane.extent, axes=axes)
        at = (self._sample, data.count(self._split), self._split)
        return Responses(step, blocks, self._input, None, ("", ""), *at, self._image, self._label(data))

    # -- what it is shown --

    def _make_view(self, result: Result) -> _View:
        assert self._data is not None
        data, home = self._data, self._input
        field = data.x_field.name
        if self._plane is None:
            batch = self._shown_image(data)
        else:
            x = self._plane.x
            grid = x.reshape(self._side, self._side, *x.shape[1:]).flip(0).reshape(x.shape)  # pictures begin on top
            batch = {f"{home}.{field}": grid.to(self.run.loaded.device)}
        return _View(batch, pictured(result, home, field, is_image=self._plane is None))

    def _shown_image(self, data: DataSet) -> Batch:
        rows = slice(self._sample, self._sample + 1)
        raw = np.rint(np.clip(data.pictures(self._split, rows)[0], 0, 1) * _WHITE).astype(np.uint8)
        self._image = copied(raw[0] if len(raw) == 1 else np.moveaxis(raw, 0, 2))
        x = data.part(self._split)[data.x_field.name][rows]
        return {f"{self._input}.{data.x_field.name}": x.to(self.run.loaded.device)}

    def _label(self, data: DataSet) -> str:
        labels = data.labels(self._split)
        return "" if labels is None or not data.classes else data.classes[int(labels[self._sample])]

    # -- from numbers to pictures --

    def _units(self, out: Tensor) -> tuple[Tensor, int]:
        """The first units as float pictures (shown, rows, cols), and how many there are."""
        out = out.float() if out.dtype != torch.float64 else out
        if self._plane is not None:
            flat = out.reshape(self._side**2, -1)
            return flat[:, :MOST_UNITS].t().reshape(-1, self._side, self._side), flat.shape[1]
        maps = out[0] if out.dim() == 4 else out.reshape(-1, 1, 1)
        shown = maps[:MOST_UNITS]
        if max(shown.shape[1:]) > MOST_PIXELS:
            shown = adaptive_avg_pool2d(shown, (min(shown.shape[1], MOST_PIXELS), min(shown.shape[2], MOST_PIXELS)))
        return shown, len(maps)

    def _pictured(self, units: Mapping[str, tuple[Tensor, int]]) -> dict[str, UnitPictures]:
        """Those of one size together: each operation costs as much for one block as for all."""
        by_size: dict[tuple[int, ...], list[str]] = {}
        for path, (values, _) in units.items():
            by_size.setdefault(tuple(values.shape[1:]), []).append(path)
        found: dict[str, UnitPictures] = {}
        for size, paths in by_size.items():
            shown = [units[path][0] for path in paths]
            values = torch.cat(shown).reshape(-1, size[0] * size[1])
            counts = [len(each) for each in shown]
            codes, ranges, limits = coded(values, [1] * counts[0] + counts[1:] if paths[0] == self._input else counts)
            pictures = codes.reshape(-1, *size)
            at = 0
            for path, count in zip(paths, counts, strict=True):
                part = slice(at, at + count)
                at += count
                names = self._names(path, units[path][1])
                found[path] = UnitPictures(pictures[part], limits[part], ranges[part], units[path][1], names)
        return {path: found[path] for path in units}

    def _names(self, path: str, units: int) -> tuple[str, ...]:
        assert self._data is not None
        task = self.run.trainer.task
        names: tuple[str, ...] = ()
        if path == self._input:
            names = self._data.x_field.columns
        elif task is not None and path == task.prediction[0]:
            names = task.classes
        return names if len(names) == units else ()


def pictured(result: Result, home: str, field: str, *, is_image: bool) -> dict[str, str]:
    """The nodes whose outputs are functions of one Input's `field` alone, one number a unit or map: path -> output.

    Args:
        result: the plan.
        home: path of the Input.
        field: its field.
        is_image: a block's units are maps (channels, height, width), or a few numbers; else any numbers a point.
    """
    pure = {(home, field)}
    found = {home: f"{home}.{field}"}
    for path in result.order:
        plan = result.nodes[path]
        if is_input(result, path) or not plan.sources or not set(plan.sources.values()) <= pure:
            continue
        pure.update((path, port) for port in plan.outputs)
        for port, spec in plan.outputs.items():
            if not runs(result, path) or spec is None or not spec.batched or not spec.numel:
                continue
            rank = len(spec.sample_shape)
            if spec.dtype == "float" and (not is_image or rank == 3 or (rank == 1 and spec.numel <= MOST_UNITS)):
                found.setdefault(path, f"{path}.{port}")
    return found


def coded(values: Tensor, counts: list[int]) -> tuple[Array, Array, Array]:
    """Units (units, numbers) in groups of so many, as codes on their group's scale.

    Returns:
        uint8 (units, numbers), float64 (units, 2) ranges, and float64 (units,) limits, as in `UnitPictures`.
    """
    low, high = torch.aminmax(values, dim=1)
    kept, whole = values, None
    if not bool(torch.isfinite(high - low).all()):  # what is not a number comes through to both
        whole = torch.isfinite(values)
        kept = torch.where(whole, values, 0.0)
        low = torch.where(whole, values, torch.inf).amin(1)
        high = torch.where(whole, values, -torch.inf).amax(1)
    ranges = torch.stack((low, high), 1).cpu().double().numpy()
    ranges[~np.isfinite(ranges).all(axis=1)] = np.nan
    ends = np.cumsum(counts)
    squares = torch.linalg.vector_norm(kept, dim=1).cpu().double().numpy() ** 2 / values.shape[1]
    parts = [slice(end - count, end) for count, end in zip(counts, ends, strict=True)]
    limits = np.repeat([_limit(ranges[part], squares[part]) for part in parts], counts)
    scale = torch.from_numpy(ZERO / np.where(limits > 0.0, limits, np.inf)).to(values.device, values.dtype)
    codes = kept.mul(scale[:, None]).clamp_(-ZERO, ZERO).add_(ZERO + 0.5).to(torch.uint8)
    if whole is not None:
        codes = torch.where(whole, codes, LOST)
    return copied(codes.cpu().numpy()), copied(ranges), copied(limits)


def _limit(ranges: Array, squares: Array) -> float:
    found = np.abs(ranges[np.isfinite(ranges)])
    return float(min(found.max(), WIDEST * np.sqrt(squares.mean()))) if found.size else 0.0
