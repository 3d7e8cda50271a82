"""TAR shards as a data set: facts, targets, and inputs read from where they lie in the archives."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, final

import numpy as np
from numpy.typing import NDArray

from engine.data.npyfile import parse_array
from engine.data.opening import MAX_STREAMED, check_amount, open_regular
from engine.data.pictures import decoded, is_gray, pixels, upright_size
from engine.data.source import Source
from engine.data.streaming.memory import streams
from engine.data.streaming.pictures import THREADS, empty_pictures
from engine.data.streaming.rows import Indices, Rows, View
from engine.data.streaming.shardindex import Shard, look_through
from engine.data.streaming.tarfiles import BLOCK
from engine.data.targetfield import as_field, target_field
from engine.datafiles import resolve, shard_files
from engine.dataspec import DataFacts, Field
from engine.problem import DataError

CHANGED = "D08"
_PLANE = 2
_COLOURS = (1, 3)


@final
class _Said:
    """Text that is made up when a message needs it: reading names would take longer than decoding small pictures."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text()


@final
class ShardRows(Rows):
    """The inputs of all samples, by number: those of the first shard, then those of the next.

    Pictures become bytes (channels, height, width), as do arrays of bytes with two or three dimensions, (height, width)
    or (height, width, channels) or (channels, height, width); other arrays become float64.
    """

    threads = THREADS

    def __init__(self, shards: Sequence[Shard], params: Mapping[str, Any]) -> None:
        """Look at the first sample of every shard, for size and colours. Raises DataError as `read`."""
        self._files = tuple(shards)
        self._in = np.repeat(np.arange(len(shards), dtype=np.int32), [len(shard.at) for shard in shards])
        self.shards = self._in
        self._at = np.concatenate([shard.at for shard in shards])
        self._size = np.concatenate([shard.size for shard in shards])
        self._arrays = shards[0].arrays
        size: int | tuple[int, int] | None = params["size"]
        self._resized = (size, size) if isinstance(size, int) else size
        self._channels = {"auto": 0, "gray": 1, "rgb": 3}[params["color"]]
        firsts = np.flatnonzero(np.diff(self._in, prepend=-1)).tolist()
        self.dtype = np.dtype(np.uint8)
        sample = self._first_array(firsts[0]) if self._arrays else self._first_pictures(firsts)
        self.shape = (len(self._at), *sample)

    @property
    def divisor(self) -> float:
        """What the inputs are divided by: 255 for bytes of pixels."""
        return 255.0 if self.dtype == np.uint8 else 1.0

    @property
    def disk_bytes(self) -> int:
        """Of all inputs as they are stored."""
        return int(self._size.sum())

    def identity(self) -> list[object]:
        return [[(str(shard.path.absolute()), shard.stamp) for shard in self._files], self.shape, self._resized]

    def read(self, rows: Indices) -> NDArray[Any]:
        found: NDArray[Any] = np.empty((len(rows), *self.shape[1:]), dtype=self.dtype)
        if found.ndim == 4 and self.dtype == np.uint8:
            found = empty_pictures(len(rows), *self.shape[1:])
        order = np.lexsort((self._at[rows], self._in[rows]))
        cuts = np.flatnonzero(np.diff(self._in[rows[order]])) + 1
        for places in np.split(order, cuts):
            if len(places):
                with self._open(int(rows[places[0]])) as file:
                    for place in places.tolist():
                        found[place] = self._sample(file, int(rows[place]))
        return found

    # -- the forms of a sample --

    def _first_array(self, row: int) -> tuple[int, ...]:
        with self._open(row) as file:
            raw = parse_array(self._path(row), self._name(file, row), self._bytes(file, row))
        if not (raw.dtype == np.uint8 and raw.ndim in (_PLANE, _PLANE + 1)):
            self.dtype = np.dtype(np.float64)
        return self._arranged(raw).shape

    def _first_pictures(self, firsts: list[int]) -> tuple[int, ...]:
        size, colours = self._resized, False
        for row in firsts:
            if size is not None and (self._channels or colours):
                break
            with self._open(row) as file, decoded(self._label(file, row), io.BytesIO(self._bytes(file, row))) as image:
                size = size or upright_size(image)
                colours = colours or not is_gray(image)
        self._channels = self._channels or (3 if colours else 1)
        assert size is not None
        return (self._channels, *size)

    def _arranged(self, raw: NDArray[Any]) -> NDArray[Any]:
        """A sample as the network gets it: channels first, one number as a row."""
        if self.dtype != np.uint8:
            return raw.reshape(raw.shape or (1,))
        if raw.ndim == _PLANE:
            return raw[None]
        last = raw.shape[2] in _COLOURS and raw.shape[0] not in _COLOURS
        return np.moveaxis(raw, 2, 0) if last else raw

    def _sample(self, file: BinaryIO, row: int) -> NDArray[Any]:
        content = self._bytes(file, row)
        if not self._arrays:
            with decoded(self._label(file, row), io.BytesIO(content)) as image:
                sample: NDArray[Any] = pixels(image, self._channels, self._resized)
        else:
            raw = parse_array(self._path(row), self._name(file, row), content)
            if (raw.dtype == np.uint8) != (self.dtype == np.uint8) and self.dtype == np.uint8:
                raise self._odd(file, row, f"numbers of type {raw.dtype}", "uint8")
            sample = self._arranged(raw)
            if self.dtype != np.uint8 and not np.isfinite(sample).all():
                raise DataError(f"{self._label(file, row)} holds a number that is not finite.", code="D04")
        if sample.shape != self.shape[1:]:
            raise self._odd(file, row, f"shape {sample.shape}", str(self.shape[1:]))
        return sample

    # -- the files --

    def _shard(self, row: int) -> Shard:
        return self._files[int(self._in[row])]

    def _path(self, row: int) -> Path:
        return self._shard(row).path

    @contextmanager
    def _open(self, row: int) -> Iterator[BinaryIO]:
        """The shard of a sample, which must be as it was when it was looked through."""
        shard = self._shard(row)
        with open_regular(shard.path, MAX_STREAMED) as file:
            status = os.fstat(file.fileno())
            if (status.st_size, status.st_mtime_ns) != shard.stamp:
                raise DataError(
                    f'"{shard.path.name}" was changed while it is being read (now {status.st_size:,} bytes, before '
                    f"{shard.stamp[0]:,}), at sample {row:,}, byte {int(self._at[row]):,}.",
                    code=CHANGED,
                    hint="Load the data again: press Reset, or begin the training anew.",
                )
            yield file

    def _bytes(self, file: BinaryIO, row: int) -> bytes:
        file.seek(int(self._at[row]))
        return file.read(int(self._size[row]))

    def _name(self, file: BinaryIO, row: int) -> _Said:
        """The member's name, for a message."""
        return _Said(lambda: self._stored_name(file, row))

    def _label(self, file: BinaryIO, row: int) -> _Said:
        """The archive's name and the member's."""
        return _Said(lambda: f'"{self._path(row).name}": {self._stored_name(file, row)}')

    def _stored_name(self, file: BinaryIO, row: int) -> str:
        file.seek(int(self._at[row]) - BLOCK)
        try:
            name = tarfile.TarInfo.frombuf(file.read(BLOCK), "utf-8", "replace").name
        except tarfile.HeaderError:
            name = f"sample {row:,}"
        return f'"{name}" (at byte {int(self._at[row]):,})'

    def _odd(self, file: BinaryIO, row: int, has: str, wanted: str) -> DataError:
        hint = "Samples of a set need one form." if self._arrays else "Set size, so that every image is resized."
        return DataError(f"{self._label(file, row)} has {has}, but others have {wanted}.", code="D06", hint=hint)


def shard_facts(params: Mapping[str, Any], folder: Path | None) -> DataFacts:
    """Source facts: one pass over the headers of shards that are new, and the first input of each.

    Raises:
        DataError: shards are missing or damaged, or do not fit each other.
    """
    return _looked_at(params, folder)[0]


def read_shards(params: Mapping[str, Any], folder: Path | None) -> Source:
    """The samples of all shards, their inputs read now or as they are needed.

    Raises:
        DataError: as `shard_facts`; or a sample is damaged.
    """
    facts, rows, targets = _looked_at(params, folder)
    field = facts.field("y")
    train = {} if field is None or targets is None else {"y": as_field(Path(params["path"]), field, "y", targets)}
    label = Path(params["path"]).name
    if facts.streamed:
        return Source(facts, train, divisor=rows.divisor, label=label, streamed={"train": View(rows)})
    x = np.ascontiguousarray(rows.read(np.arange(facts.counts[0])))
    return Source(facts, {"x": x, **train}, divisor=rows.divisor, label=label)


def _looked_at(params: Mapping[str, Any], folder: Path | None) -> tuple[DataFacts, ShardRows, NDArray[Any] | None]:
    place = resolve(params["path"], folder)
    shards = [look_through(path) for path in shard_files(params["path"], folder)]
    targets = _joined(shards)
    rows = ShardRows(shards, params)
    values = int(np.prod(rows.shape))
    streamed = rows.disk_bytes if streams(params, values, rows.dtype.itemsize) else 0
    if not streamed:
        check_amount(place, values)
    fields = [Field("x", rows.shape[1:])]
    if targets is not None:
        fields.append(target_field(place, params["target_type"], {"y": targets}))
    return DataFacts(tuple(fields), (rows.shape[0], 0, 0), streamed), rows, targets


def _joined(shards: Sequence[Shard]) -> NDArray[Any] | None:
    """The targets of all shards, which must be of one kind."""
    first = shards[0]
    for shard in shards:
        if shard.arrays != first.arrays or _kind(shard) != _kind(first):
            raise DataError(
                f'"{shard.path.name}" holds other samples than "{first.path.name}": {_kind(shard)} against '
                f"{_kind(first)}.",
                code="D06",
                hint="All shards of a set need inputs and targets of the same kind.",
            )
    targets = [shard.targets for shard in shards if shard.targets is not None]
    if not targets:
        return None
    if any(part.dtype.kind == "U" for part in targets):
        targets = [part.astype(np.str_) for part in targets]
    return np.concatenate(targets)


def _kind(shard: Shard) -> str:
    inputs = "arrays" if shard.arrays else "images"
    if shard.targets is None:
        return f"{inputs} without targets"
    if shard.targets.ndim == 1:
        return f"{inputs} with single targets"
    return f"{inputs} with targets of {shard.targets.shape[1:]}"
