"""Batches from tensors in memory, or from samples on disk: a permutation of our own, and slices of what it picks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

import torch
from torch import Tensor

from engine.data.layout import channels_last
from engine.data.streaming.column import Column
from engine.init import generator
from engine.training.crew import ALONE, Crew
from engine.training.orders import drawn_orders

__all__ = ["Batch", "Batches", "channels_last"]

Batch = dict[str, Tensor]
ORDER: Final = "order of the samples"
"""The name that the generator of the orders has beside the seed (`engine.init.generator`)."""

_GATHERED_BYTES = 1 << 20
"""About as much is picked at once: few calls for small data, and for large data it stays in the processor's cache."""


@final
class Batches:
    """The samples of the training part, epoch by epoch, each epoch in a new order.

    The order depends on the seed and the number of the epoch's draw alone; position and generator are the whole state.

    Attributes:
        epoch: epochs that were begun before this one.
        position: samples of this epoch already handed out.
        samples: of one epoch (what `drop_last` leaves).
        streamed: whether some of the data stay on disk.
        whole: samples of the batch that was handed out last, over all processes.
        mine: how many of these are this process's own. Where that is none, it gets one of another's, to count for
            nothing: processes that train together make every pass together.
    """

    def __init__(
        self,
        data: Mapping[str, Tensor],
        batch_size: int,
        *,
        shuffle: bool,
        drop: int,
        seed: int,
        crew: Crew = ALONE,
    ) -> None:
        """Begin the first epoch.

        Args:
            data: name -> (n, ...), all of one length; a `Column` is read from disk, ahead, with the same batches.
            batch_size: samples of a batch.
            shuffle: a new order each epoch; otherwise the data's own.
            drop: last batches of at most this many samples are dropped, unless there is no other; 0 drops none.
            seed: of the orders.
            crew: of each batch, `next` hands out the part of this process; positions and sizes are of whole batches.
        """
        self.data: dict[str, Tensor] = {
            name: tensor if isinstance(tensor, Column) else channels_last(tensor) for name, tensor in data.items()
        }
        self.total = len(next(iter(data.values())))
        self.size = batch_size
        self.shuffle = shuffle
        rest = self.total % batch_size
        self.samples = self.total - rest if 0 < rest <= drop and rest < self.total else self.total
        self.epoch = 0
        self.position = self.whole = self.mine = 0
        self._crew = crew
        self._generator = generator(seed, ORDER)
        self._order: Tensor | None = None
        self._plain: Tensor | None = None
        row = sum(tensor.shape[1:].numel() * tensor.dtype.itemsize for tensor in self.data.values())
        self.streamed = any(isinstance(tensor, Column) for tensor in self.data.values())
        most = 0 if self.streamed else _GATHERED_BYTES
        self._chunk = max(1, most // max(1, row * batch_size)) * batch_size
        self._gathered: tuple[int, Batch] | None = None
        self._cut: list[tuple[Tensor, ...]] = []
        """What is gathered, batch by batch."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch."""
        return -(-self.samples // self.size)

    @property
    def at_end(self) -> bool:
        """Whether this epoch has no more samples."""
        return self.position >= self.samples

    def next(self, size: int | None = None) -> Batch:
        """The next batch of this epoch, or the next `size` samples of it. Not to be changed in place.

        Raises:
            IndexError: the epoch is at its end.
        """
        if self.at_end:
            raise IndexError("the epoch has no more samples")
        start = self.position
        stop = min(start + (size or self.size), self.samples)
        self.whole, (first, last) = stop - start, self._crew.part(stop - start)
        self.mine = last - first
        batch = self._slice(start, stop) if self._crew.size == 1 else self._part(start + first, start + last)
        self.position = stop
        return batch

    def peek(self, number: int) -> Batch:
        """The batch of that number in this epoch, from 0, without moving on.

        Raises:
            IndexError: there are not so many.
        """
        start = number * self.size
        if not 0 <= start < self.samples:
            raise IndexError(f"an epoch has {self.steps_per_epoch} batches, counted from 0; there is no {number}")
        return self._slice(start, min(start + self.size, self.samples))

    def row(self, most: int) -> tuple[int, Batch]:
        """How many whole batches, up to so many, lie in a row in memory from here on, and those; without moving on."""
        if self.streamed or self._crew.size > 1:
            return 0, {}
        start = self.position
        end = self.samples
        if self.shuffle:
            end = min(end, start - start % self._chunk + self._chunk)
        count = min(most, (end - start) // self.size)
        return count, self._slice(start, start + count * self.size) if count else {}

    @property
    def rows(self) -> Tensor:
        """Of `data`, in the order in which this epoch hands them out: int64 (total,)."""
        if self._plain is None and not self.shuffle:
            self._plain = torch.arange(self.total)
        return self._drawn() if self._plain is None else self._plain

    def first(self, size: int) -> Batch:
        """So many samples, the first of this epoch, without moving on."""
        return self._slice(0, min(size, self.samples))

    def move_on(self, count: int, size: int) -> None:
        """Batches of this size were taken from `rows`."""
        self.whole = self.mine = size
        self.position += count * size

    def upcoming(self) -> Batch:
        """The batch that the next step takes, without moving on; at the end of an epoch, the first of the next one."""
        if not self.at_end:
            return self._slice(self.position, min(self.position + self.size, self.samples))
        before = self.state()
        try:
            self.next_epoch()
            return self.peek(0)
        finally:
            self.restore(before)

    @property
    def in_one_piece(self) -> bool:
        """Whether all samples of an epoch are picked at once, along their first dimension."""
        plain = not self.streamed and self._crew.size == 1 and all(each.ndim != 4 for each in self.data.values())
        return plain and self._chunk >= self.samples

    def orders(self, epochs: int) -> Tensor:
        """The orders of so many epochs, of which no sample was handed out: int64 (epochs, total). Draws them.

        That of the first is drawn already where somebody looked at a batch of it.
        """
        if not self.shuffle:
            return self.rows.expand(epochs, self.total).contiguous()
        known, self._order = self._order, None
        if known is None:
            return drawn_orders(self.total, epochs, self._generator)
        return torch.cat([known.unsqueeze(0), drawn_orders(self.total, epochs - 1, self._generator)])

    def next_epoch(self, epochs: int = 1) -> None:
        """Begin another epoch, or the one after so many."""
        self.epoch += epochs
        self.position = 0
        self._order = None
        self._gathered = None

    def _part(self, start: int, stop: int) -> Batch:
        start = min(start, self.samples - 1)
        stop = max(stop, start + 1)
        if not self.shuffle:
            return {name: tensor[start:stop] for name, tensor in self.data.items()}
        return self._pick(start, stop, self.size)

    def _slice(self, start: int, stop: int) -> Batch:
        if not self.shuffle:
            return {name: tensor[start:stop] for name, tensor in self.data.items()}
        first = start - start % self._chunk
        if stop > first + self._chunk:
            return self._pick(start, stop)
        if self._gathered is None or self._gathered[0] != first:
            picked = self._pick(first, min(first + self._chunk, self.samples))
            self._gathered = (first, picked)
            self._cut = list(zip(*(tensor.split(self.size) for tensor in picked.values()), strict=True))
        number, odd = divmod(start - first, self.size)
        if not odd and stop == min(start + self.size, self.samples):  # whole: there at once
            return dict(zip(self.data, self._cut[number], strict=True))
        return {name: tensor[start - first : stop - first] for name, tensor in self._gathered[1].items()}

    def _pick(self, start: int, stop: int, stride: int = 0) -> Batch:
        """Samples of the epoch's order; `stride` places further on, if not right behind, lie those needed next."""
        order = self._drawn()
        rows = order[start:stop]
        return {
            name: tensor.along(order, start, stop, stride) if isinstance(tensor, Column) else _rows(tensor, rows)
            for name, tensor in self.data.items()
        }

    def _drawn(self) -> Tensor:
        """This epoch's order, which begins to be when it is first asked for."""
        if self._order is None:
            device = next(iter(self.data.values())).device
            self._order = torch.randperm(self.total, generator=self._generator).to(device)
        return self._order

    def state(self) -> dict[str, Any]:
        """What a resumed training needs: numbers and, as tensors, the generator and this epoch's order."""
        order = self._order if self._order is not None else torch.empty(0, dtype=torch.int64)
        return {
            "epoch": self.epoch,
            "position": self.position,
            "generator": self._generator.get_state(),
            "order": order.cpu().clone(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state` of the same data."""
        self.epoch, self.position = int(state["epoch"]), int(state["position"])
        self._generator.set_state(state["generator"])
        order = state["order"]
        device = next(iter(self.data.values())).device
        self._order = order.to(device) if len(order) == self.total else None
        self._gathered = None


def _rows(tensor: Tensor, rows: Tensor) -> Tensor:
    """Some samples, in the layout of the whole."""
    if tensor.ndim != 4:
        return tensor.index_select(0, rows)
    return tensor.permute(0, 2, 3, 1).index_select(0, rows).permute(0, 3, 1, 2)
