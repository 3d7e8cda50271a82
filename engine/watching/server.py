"""A run for whoever knows the secret in its address: read only, and nothing but the files a run is known for.

So are the runs that begin beside it later, as one that watches the folder itself sees them; older ones are not.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, Final, final

from engine import diskfile
from engine.watching.address import RUN, Address
from engine.watching.folder import FolderPlace
from engine.watching.place import LIMITS, PlaceError
from engine.watching.wire import NEWER, listing_text, newer_text

PORT: Final = 6010
HERE: Final = "127.0.0.1"
_PIECE: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


@final
class RunServer(ThreadingHTTPServer):
    """Serves until `shutdown`.

    Attributes:
        address: with the secret, which is drawn anew each time.
    """

    daemon_threads = True  # one that is slow to take its answer keeps nobody from ending
    request_queue_size = 16

    def __init__(self, run: Path, port: int = PORT, host: str = HERE, token: str | None = None) -> None:
        """Raises OSError where the port is taken."""
        super().__init__((host, port), _Handler)
        self._places = [FolderPlace(run)]
        self._lock = threading.Lock()
        self.address = Address(host, int(self.server_address[1]), token or secrets.token_urlsafe(24))

    def place(self, run: str) -> FolderPlace | None:
        """The run that is served, "", or one that was offered as newer, by its number."""
        number = int(run or 0)
        return self._places[number] if number < len(self._places) else None

    def newer(self, place: FolderPlace) -> tuple[str, str]:
        """Number and name of the run that has begun beside it since, which is served from now on; "" where none has."""
        found = place.newer()
        if found is None or found.path.is_symlink():  # what lies elsewhere was not meant to be served
            return "", ""
        with self._lock:
            known = [each.path for each in self._places]
            if found.path not in known:
                self._places.append(found)
                known.append(found.path)
            return str(known.index(found.path)), found.name

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever went away meanwhile is no error; anything else is told in a line."""
        error = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"chainrule: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201


@final
class _Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "chainrule", ""
    timeout = 30
    server: RunServer

    def do_GET(self) -> None:
        """Answer with the listing, a file, or a part of a file."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """The same without its body."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        token, _, rest = self.path.removeprefix("/").partition("/")
        run, slash, name = rest.partition("/")
        if not slash:
            run, name = "", rest
        if not hmac.compare_digest(token.encode(), self.server.address.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        place = self.server.place(run) if not slash or RUN.fullmatch(run) else None
        if place is None or (name and name != NEWER and name not in LIMITS):
            self._refuse(HTTPStatus.NOT_FOUND)
        elif name == NEWER:
            self._tell(newer_text(*self.server.newer(place)), body=body)
        elif name:
            self._file(place.path / name, body=body)
        else:
            self._listing(place, body=body)

    def _listing(self, place: FolderPlace, *, body: bool) -> None:
        try:
            text = listing_text(place.name, place.listing())
        except PlaceError:
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            self._tell(text, body=body)

    def _tell(self, text: str, *, body: bool) -> None:
        content = text.encode()
        self._head(HTTPStatus.OK, len(content), "application/json")
        if body:
            self.wfile.write(content)

    def _file(self, path: Path, *, body: bool) -> None:
        try:
            file = diskfile.open_regular(path, LIMITS[path.name])
        except (OSError, diskfile.NotReadableError):
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        with file:
            size = os.fstat(file.fileno()).st_size
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            start = int(asked[1]) if asked else 0
            end = min(size, int(asked[2]) + 1) if asked and asked[2] else size
            if asked and start >= end:
                self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{size}"})
                return
            part = {"Content-Range": f"bytes {start}-{end - 1}/{size}"} if asked else {}
            status = HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK
            self._head(status, end - start, "application/octet-stream", {"Accept-Ranges": "bytes", **part})
            if body:
                self._send(file, start, end)

    def _send(self, file: BinaryIO, start: int, end: int) -> None:
        """Exactly what was promised; where the file was cut meanwhile, the connection ends early."""
        file.seek(start)
        while start < end:
            piece = file.read(min(_PIECE, end - start))
            if not piece:
                self.close_connection = True
                return
            self.wfile.write(piece)
            start += len(piece)

    def _refuse(self, status: HTTPStatus, headers: dict[str, str] | None = None) -> None:
        self._head(status, 0, "text/plain", headers or {})

    def _head(self, status: HTTPStatus, length: int, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        fixed = {"Content-Type": kind, "Content-Length": str(length), "Cache-Control": "no-store"}
        for name, value in {**fixed, "X-Content-Type-Options": "nosniff", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the address holds the secret, and a terminal is looked at by others."""
