"""Where a text that a person typed or pasted leads to."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final
from urllib.parse import SplitResult, urlsplit

from engine.runplace import GRAPH, latest_run, runs_folder
from engine.watching.place import PlaceError

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,100}")
"""What the secret part of an address looks like."""
RUN: Final = re.compile(r"[0-9]{1,6}")
_WAY_OUT: Final = "Forward the port and watch http://localhost:…: ssh -L 6010:localhost:6010 CLUSTER."


@final
@dataclass(frozen=True, slots=True)
class Address:
    """Of a run that `chainrule serve` serves.

    Attributes:
        run: "", or digits for one that began beside it later.
    """

    host: str
    port: int
    token: str
    run: str = ""

    @property
    def url(self) -> str:
        """As it is printed and pasted."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.path}"

    @property
    def path(self) -> str:
        """What is asked for on that port, to which names of files are added."""
        return f"/{self.token}/{self.run}/" if self.run else f"/{self.token}/"


def is_url(text: str) -> bool:
    """Whether a text is meant as an address of the web, not as a path."""
    return re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


def address_of(text: str) -> Address:
    """From `http://localhost:6010/TOKEN/`, of this machine alone. Raises PlaceError."""
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise PlaceError("This is no address: http://localhost:6010/… is expected.", "refused") from None
    _check(parts, host)
    token, _, run = parts.path.strip("/").partition("/")
    if not TOKEN.fullmatch(token) or (run and not RUN.fullmatch(run)):
        words = "The address is not whole: take all that chainrule serve printed, http://localhost:6010/… to its end."
        raise PlaceError(words, "refused")
    return Address(host, 80 if port is None else port, token, run)


def _check(parts: SplitResult, host: str) -> None:
    """Raises PlaceError where it leads to another machine, or says more than an address of ours does."""
    if parts.scheme.lower() != "http":
        raise PlaceError(f"Addresses begin with http://, not {parts.scheme[:20]}://. {_WAY_OUT}", "refused")
    if not _is_here(host):
        # The secret in the address, and the weights, would cross the network in the clear.
        raise PlaceError(f"{host[:80] or 'The address'} is another machine. {_WAY_OUT}", "refused")
    if parts.query or parts.fragment or parts.username is not None or parts.password is not None:
        raise PlaceError("The address holds more than host, port and the part printed after it.", "refused")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run_at(path: Path) -> Path:
    """The run a path leads to: itself, a file in it, or the newest run in a folder of runs or of a graph file.

    A path at which nothing is yet is taken as it is: the run may come.
    """
    path = path.expanduser()
    if (path / GRAPH).is_file():
        return path
    if path.is_file():
        if (path.parent / GRAPH).is_file():
            return path.parent
        return latest_run(runs_folder(path)) or path
    return latest_run(path) or path
