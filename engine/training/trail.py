"""The path of a training: its weights now and then, in bounded memory, for looking at it later from any side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, final

import torch
from torch import Tensor, nn

MOST = 400
"""Places that are kept at most."""

LIMIT = 32 << 20
"""Bytes they may take together."""

_EXACT = 8
"""Updates between places up to which these are met exactly; later on, training does not stop for them."""

LEAST = 24
"""A network so large that fewer than these fit is not followed: only its projections on a plane are, from then on."""

Projection = tuple[float, float, float]
"""x and y on a plane, and the distance from it."""


class OnPlane(Protocol):
    """What projects weights.

    Attributes:
        number: no two have the same.
        request: of the question it answers.
    """

    number: int
    request: int

    def project(self, weights: Tensor) -> Projection:
        """Of all trained weights in a row (dimensions,)."""


@final
@dataclass(slots=True, eq=False)
class Row:
    """One place.

    Attributes:
        step: updates made before.
        weights: all trained ones in a row; None where they are too many.
        begins: whether they were set by hand, so that no step leads here.
        projections: what is known of it by plane.
    """

    step: int
    weights: Tensor | None
    begins: bool = False
    projections: dict[int, Projection] = field(default_factory=dict)


@final
class Trail:
    """Follows the trained weights of one network. Tell `note` of every step, `jumped` of weights set by hand.

    When it is full every second place goes, and new ones come half as often: a long training is covered evenly. A
    step costs a comparison; the few that are kept cost a copy of the weights.
    """

    def __init__(self, net: nn.Module, step: int = 0, *, limit: int = LIMIT) -> None:
        """Begin at the network's present weights."""
        # The parameters themselves: an optimizer may put their numbers elsewhere.
        self._weights = [value for value in net.parameters() if value.requires_grad]
        self.names = tuple(name for name, value in net.named_parameters() if value.requires_grad)
        self.shapes = tuple(tuple(value.shape) for value in self._weights)
        self.dimensions = sum(value.numel() for value in self._weights)
        size = sum(value.numel() * value.element_size() for value in self._weights)
        self.whole = size * LEAST <= limit
        """Whether the weights themselves are kept."""
        self._most = min(MOST, max(LEAST, limit // max(1, size))) if self.whole else MOST
        self._apart = 1
        self.rows: list[Row] = []
        self.plane: OnPlane | None = None
        self.since = step
        self._add(step, begins=True)

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return sum(row.weights.numel() * row.weights.element_size() for row in self.rows if row.weights is not None)

    def now(self) -> Tensor:
        """A copy of all trained weights in a row (dimensions,)."""
        if not self._weights:
            return torch.empty(0)
        return torch.cat([value.detach().reshape(-1) for value in self._weights])

    # -- growing --

    @property
    def following(self) -> int | None:
        """The number of updates after which the next place is kept; None: it may as well be a little later."""
        if self._apart > _EXACT:
            return None
        return self.rows[-1].step + self._apart if self.rows else self.since + 1

    def note(self, step: int) -> None:
        """This many updates have been made."""
        rows = self.rows
        if rows and rows[-1].step < step < rows[-1].step + self._apart:
            return
        if rows and rows[-1].step == step:
            return  # a part of a validation
        while rows and rows[-1].step >= step:  # gone back, and now on another way
            rows.pop()
        self._add(step)

    def jumped(self, step: int) -> None:
        """The weights are others without a step."""
        while self.rows and self.rows[-1].step > step:
            self.rows.pop()
        if self.rows and self.rows[-1].step == step and self.rows[-1].begins:
            self.rows.pop()
        self._add(step, begins=True)

    def take_over(self, old: Trail) -> None:
        """Go on from the trail of a run that had the same weights."""
        if (self.names, self.shapes) != (old.names, old.shapes) or not self.rows:
            return
        step = self.rows[-1].step
        earlier = [row for row in old.rows if row.step < step]
        self.rows[-1].begins = self.rows[-1].begins and not earlier
        self.rows = [*earlier, *self.rows]
        self._apart, self.since = old._apart, old.since

    def _add(self, step: int, *, begins: bool = False) -> None:
        if not self._weights:
            return
        row = Row(step, self.now() if self.whole else None, begins)
        if not self.whole and self.plane is not None:
            row.projections[self.plane.number] = self.plane.project(self.now())
        self.rows.append(row)
        if len(self.rows) > self._most:
            self._thin()

    def _thin(self) -> None:
        kept: list[Row] = []
        for place, row in enumerate(self.rows):
            if place % 2 == 0:
                kept.append(row)
            elif row.begins and place + 1 < len(self.rows):
                self.rows[place + 1].begins = True
        self.rows = kept
        self._apart *= 2

    # -- looking --

    def until(self, step: int) -> list[Row]:
        """The places by then, and the present one."""
        found = [row for row in self.rows if row.step <= step]
        if not found or found[-1].step < step:
            found.append(Row(step, self.now()))
        return found

    def projected(self, plane: OnPlane, step: int) -> list[tuple[Row, Projection]]:
        """The places by then on a plane; those of which too little is known are left out."""
        key = plane.number
        found = []
        for row in self.until(step):
            if key not in row.projections and row.weights is not None:
                row.projections = {key: plane.project(row.weights)}
            if key in row.projections:
                found.append((row, row.projections[key]))
        return found


def split(row: Tensor, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> dict[str, Tensor]:
    """Weights in a row (…, dimensions) by name (…, *shape)."""
    sizes = [torch.Size(shape).numel() for shape in shapes]
    parts = torch.split(row, sizes, dim=-1)
    return {
        name: part.reshape((*row.shape[:-1], *shape)) for name, part, shape in zip(names, parts, shapes, strict=True)
    }
