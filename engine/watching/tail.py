"""A growing file of lines, read from where the last look ended."""

from __future__ import annotations

from typing import Final, final

from engine.watching.place import LIMITS, FileState, Place, PlaceError

CHUNK: Final = 1 << 20
MOST_LINE: Final = 1 << 20
"""Bytes of a line; one that is longer is no line of ours."""
_OVERLAP: Final = 256


@final
class Tail:
    """Gives each complete line once; a last line that is half written is waited for.

    A file that was cut, replaced or written anew (a run that was resumed) is noticed by its size, by its tag, or by the
    bytes before the place where the last look ended, which are read once more each time.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._offset = 0
        self._before = b""
        self._tag = self._stamp = ""

    def look(self, place: Place, state: FileState | None) -> tuple[bool, list[bytes]]:
        """Whether the lines so far are to be forgotten, and the new ones without their ends.

        Args:
            place: where the file is.
            state: of the file in the listing just made; None: there is no such file.

        Raises:
            PlaceError: it cannot be read; nothing is lost, the next look gives the same lines.
        """
        if state is None:
            return self._forget(), []
        if state.size > LIMITS[self._name]:
            raise PlaceError(f'"{self._name}" is too large to be followed.', "refused")
        if state.stamp == self._stamp:
            return False, []
        again = False
        if state.size < self._offset or (self._tag and state.tag != self._tag):
            again = self._forget()
        data = self._read(place)
        if data[: len(self._before)] != self._before:
            again = self._forget()
            data = self._read(place)
        lines = self._take(data)
        self._tag, self._stamp = state.tag, state.stamp
        return again, lines

    def _forget(self) -> bool:
        """Begin at the beginning; whether anything had been read."""
        had = self._offset > 0
        self._offset, self._before, self._tag, self._stamp = 0, b"", "", ""
        return had

    def _read(self, place: Place) -> bytes:
        """From a little before the last look's end to the end of the file."""
        start, limit = self._offset - len(self._before), LIMITS[self._name]
        parts: list[bytes] = []
        while start <= limit:
            part = place.read(self._name, start, CHUNK)
            parts.append(part)
            start += len(part)
            if len(part) < CHUNK:
                break
        return b"".join(parts)

    def _take(self, data: bytes) -> list[bytes]:
        new = data[len(self._before) :]
        end = new.rfind(b"\n") + 1
        if len(new) - end > MOST_LINE:
            raise PlaceError(f'"{self._name}" has a line that does not end: it is no record of a run.', "refused")
        self._offset += end
        self._before = (self._before + new[:end])[-_OVERLAP:]
        return new[:end].splitlines()
