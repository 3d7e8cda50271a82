"""A run served by `chainrule serve`, through a port of this machine."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, final

from engine import diskfile
from engine.problem import FileError
from engine.runplace import WEIGHTS
from engine.watching.address import Address
from engine.watching.place import LIMITS, Listing, Place, PlaceError
from engine.watching.wire import MOST_BYTES, NEWER, listing_of, newer_of

PATIENCE: Final = 5.0
"""Seconds without a byte after which nobody answers."""
MOST_SECONDS: Final = 30.0
"""Seconds for one answer, so that one that comes byte by byte ends, too; weights, which are large, take their time."""
_PIECE: Final = 1 << 20


@final
class WebPlace(Place):
    """Asks for each thing by a connection of its own: a server that was started anew is simply there again.

    Redirects are refused, and proxies are not asked.
    """

    def __init__(self, address: Address, patience: float = PATIENCE, name: str = "") -> None:
        self._where, self._patience = address, patience
        self._name = name or f"{address.host}:{address.port}"

    @property
    def name(self) -> str:
        return self._name

    @property
    def address(self) -> str:
        return self._where.url

    def listing(self) -> Listing:
        content = b"".join(self._get("", limit=MOST_BYTES))
        self._name, listing = listing_of(content)
        return listing

    def read(self, name: str, start: int, count: int) -> bytes:
        if count <= 0:
            return b""
        return b"".join(self._get(name, start=start, limit=count))

    def newer(self) -> WebPlace | None:
        found = newer_of(b"".join(self._get(NEWER, limit=MOST_BYTES)))
        return None if found is None else WebPlace(replace(self._where, run=found[0]), self._patience, found[1])

    def weights(self, beside: Path) -> Path:
        path = beside / WEIGHTS
        try:
            diskfile.write(path, self._get(WEIGHTS, limit=LIMITS[WEIGHTS], hurry=False))
        except FileError as error:
            raise PlaceError(str(error)) from None
        return path

    def _get(self, name: str, *, limit: int, start: int | None = None, hurry: bool = True) -> Iterator[bytes]:
        """The pieces of an answer of at most `limit` bytes; of a part of a file where `start` is given."""
        connection = http.client.HTTPConnection(self._where.host, self._where.port, timeout=self._patience)
        headers = {} if start is None else {"Range": f"bytes={start}-{start + limit - 1}"}
        try:
            with contextlib.closing(connection):
                connection.request("GET", f"{self._where.path}{name}", headers=headers)
                answer = connection.getresponse()
                if start is not None and answer.status == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    return  # the file ends there
                _check(answer.status, http.HTTPStatus.OK if start is None else http.HTTPStatus.PARTIAL_CONTENT, name)
                yield from _pieces(answer, limit, time.monotonic() + MOST_SECONDS if hurry else None)
        except (OSError, http.client.HTTPException) as error:
            raise PlaceError(f"{self._where.host}:{self._where.port} does not answer: {_reason(error)}.") from None


def _pieces(answer: http.client.HTTPResponse, limit: int, deadline: float | None) -> Iterator[bytes]:
    got = 0
    while piece := answer.read1(_PIECE):
        got += len(piece)
        if got > limit:
            raise PlaceError("The answer is larger than it may be.", "refused")
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")
        yield piece
    if answer.length:  # said there would be more
        raise http.client.IncompleteRead(b"", answer.length)


def _check(status: int, wanted: int, name: str) -> None:
    if status == wanted:
        return
    if status == http.HTTPStatus.FORBIDDEN:
        words = "Another address leads to the run that is served there: chainrule serve prints another one each time."
        raise PlaceError(words, "refused")
    if status == http.HTTPStatus.NOT_FOUND:
        raise PlaceError(f"The run has no {name}." if name else "The run has gone from there.", "missing")
    raise PlaceError(f"What answers there is no run of Chainrule (status {status}).", "refused")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long"
    if isinstance(error, ConnectionRefusedError):
        return "nothing is served there now"
    if isinstance(error, http.client.IncompleteRead):
        return "the answer ended early"
    if isinstance(error, OSError):
        return diskfile.reason(error)
    return type(error).__name__
