"""A thread that looks at a place again and again: where a disk stalls, it stalls alone."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from engine.diskfile import reason
from engine.watching.address import address_of, is_url, run_at
from engine.watching.folder import FolderPlace
from engine.watching.place import Kind, Place, PlaceError
from engine.watching.watcher import News, Watcher
from engine.watching.web import WebPlace

LEAST: Final = 1.0
MOST: Final = 10.0
MOST_OVER: Final = 30.0
"""Seconds between two looks: after news, when there is none for long, and when the training is over or out of reach."""
_GROWTH: Final = 1.5


@final
@dataclass(frozen=True, slots=True)
class Trouble:
    """The place cannot be read now; it is tried again."""

    text: str
    kind: Kind


@final
@dataclass(frozen=True, slots=True)
class Weights:
    """Answer to `want_weights`: where they are on this machine, or why there are none.

    Attributes:
        path: of a weights file; None where it could not be had.
        step: updates they are of, 0 where nothing tells.
        error: a sentence, "" where there is a path.
    """

    path: Path | None
    step: int = 0
    error: str = ""


@final
@dataclass(frozen=True, slots=True)
class Newer:
    """Beside the run that is watched, a newer one has begun."""

    place: Place


Told = News | Trouble | Weights | Newer


def place_of(text: str) -> Place:
    """The place a person named, a path or an address. Reads nothing of the run. Raises PlaceError."""
    if is_url(text):
        return WebPlace(address_of(text))
    if not text.strip():
        raise PlaceError("Name a run directory, or the address that chainrule serve printed.", "refused")
    return FolderPlace(Path(text.strip()))


@final
class Follower:
    """Looks, tells what is new, waits a while, and looks again, until `stop`.

    `tell` is called in the follower's own thread, in order; no more once `stop` has been called.
    """

    def __init__(self, place: Place, tell: Callable[[Told], None], least: float = LEAST) -> None:
        self._place, self._tell, self._least = place, tell, least
        self._wake = threading.Event()
        self._stopped = self._weights = False
        self._wait = least
        self._lock = threading.Lock()
        self._busy_since: float | None = None
        self._folder: Path | None = None
        self._step = 0
        self._found, self._newer = False, ""
        # A daemon: a read from a disk that has gone may never come back, and nothing of it is to be kept.
        self._thread = threading.Thread(target=self._work, name="chainrule watching", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing more; the thread ends as soon as it is not held up."""
        with self._lock:
            self._stopped = True
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the thread's end; whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def look_now(self) -> None:
        """Look at once."""
        self._wake.set()

    def want_weights(self) -> None:
        """Fetch the weights saved last: a `Weights` follows."""
        self._weights = True
        self._wake.set()

    def held_up(self) -> float:
        """Seconds for which the look under way has been going on; 0 while it waits."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    # -- in the thread --

    def _work(self) -> None:
        try:
            named, watcher = self._place, Watcher(self._place)
            while not self._stopped:
                self._wake.clear()
                self._busy_since = time.monotonic()
                if not self._found:
                    self._place = _resolved(named)
                    watcher = Watcher(self._place)
                self._look(watcher)
                self._look_beside()
                if self._weights:
                    self._weights = False
                    self._fetch()
                self._busy_since = None
                self._wake.wait(self._wait)
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _look(self, watcher: Watcher) -> None:
        try:
            news = watcher.look()
        except (PlaceError, OSError) as error:
            self._wait = min(MOST_OVER, self._wait * 2)
            if isinstance(error, OSError):
                error = PlaceError(f'"{self._place.name}" cannot be read: {reason(error)}.')
            self._say(Trouble(str(error), error.kind))
            return
        self._found = True
        self._step = 0 if news.standing is None else news.standing.step
        over = news.standing is not None and news.standing.over
        most = MOST_OVER if over else MOST
        self._wait = self._least if news.any else min(max(self._least, most), self._wait * _GROWTH)
        self._say(news)

    def _look_beside(self) -> None:
        """Whoever watches a run may be waiting for the next one; what is wrong with the place, the look tells."""
        newer: Place | None = None
        if self._found:
            with contextlib.suppress(PlaceError, OSError):
                newer = self._place.newer()
        if newer is not None and newer.address != self._newer:
            self._newer = newer.address
            self._say(Newer(newer))

    def _fetch(self) -> None:
        step = self._step
        try:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="chainrule-watching-"))
            beside = self._folder / (re.sub(r"[^\w-]+", "-", self._place.name).strip("-") or "run")
            beside.mkdir(exist_ok=True)
            self._say(Weights(self._place.weights(beside), step))
        except PlaceError as error:
            self._say(Weights(None, error=str(error)))
        except OSError as error:
            self._say(Weights(None, error=f"The weights cannot be kept: {error.strerror or error}."))

    def _say(self, told: Told) -> None:
        with self._lock:
            if not self._stopped:
                self._tell(told)


def _resolved(place: Place) -> Place:
    """A folder of runs leads to its newest, as soon as there is one; looking that up is a matter of the disk, too."""
    if isinstance(place, FolderPlace):
        with contextlib.suppress(OSError):  # the look tells what is wrong there
            return FolderPlace(run_at(place.path))
    return place
