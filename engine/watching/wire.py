"""What `chainrule serve` tells of a run in one answer: which files there are, and what the newest checkpoint says."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from typing import Any, Final

from engine.checkpoints import Standing
from engine.jsontext import JsonError, parse
from engine.watching.address import RUN
from engine.watching.place import LIMITS, FileState, Listing, PlaceError

FORMAT, VERSION = "chainrule-run", 1
NEWER: Final = "newer"
"""Asked for like a file: whether a newer run has begun."""
MOST_BYTES: Final = 1 << 16
_TEXT: Final = re.compile(r"[\x21-\x7e]{0,200}")
_MOST_NAME: Final = 200


def listing_text(name: str, listing: Listing) -> str:
    """One JSON object."""
    files = {each: asdict(state) for each, state in listing.files.items()}
    standing = None if listing.standing is None else asdict(listing.standing)
    return json.dumps({"format": FORMAT, "version": VERSION, "name": name, "files": files, "standing": standing})


def listing_of(content: bytes) -> tuple[str, Listing]:
    """Name of the run and what is there. Raises PlaceError: this is no answer of ours."""
    try:
        data = parse(content.decode())
        if data["format"] != FORMAT:
            raise ValueError
        if data["version"] > VERSION:
            raise PlaceError("The run is served by a newer version of Chainrule. Update this one.", "refused")
        files = {name: _state(state) for name, state in data["files"].items() if name in LIMITS}
        name = str(data["name"])[:_MOST_NAME]
        return name if name.isprintable() else "run", Listing(files, _standing(data["standing"]))
    except (UnicodeDecodeError, JsonError, KeyError, TypeError, ValueError, AttributeError):
        raise PlaceError("What answers there is no run of Chainrule.", "refused") from None


def newer_text(run: str, name: str) -> str:
    """One JSON object: of the run that began last, number and name; both empty where none did."""
    return json.dumps({"run": run, "name": name})


def newer_of(content: bytes) -> tuple[str, str] | None:
    """Number and name of the run that began last; None where none did. Raises PlaceError as `listing_of`."""
    try:
        data = parse(content.decode())
        run, name = str(data["run"]), str(data["name"])[:_MOST_NAME]
        if run and not RUN.fullmatch(run):
            raise ValueError
    except (UnicodeDecodeError, JsonError, KeyError, TypeError, ValueError, AttributeError):
        raise PlaceError("What answers there is no run of Chainrule.", "refused") from None
    return (run, name if name.isprintable() else "run") if run else None


def _state(data: Any) -> FileState:
    size, age = _count(data["size"]), data["age"]
    if isinstance(age, int | float) and not isinstance(age, bool) and math.isfinite(age) and age >= 0:
        return FileState(size, float(age), _text(data["tag"]), _text(data["stamp"]))
    raise ValueError


def _standing(data: Any) -> Standing | None:
    if data is None:
        return None
    step, epochs, planned = (_count(data[name]) for name in ("step", "epochs", "planned"))
    if type(data["over"]) is not bool:
        raise ValueError
    return Standing(step, epochs, planned, over=data["over"], trains=_text(data["trains"]))


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not _TEXT.fullmatch(value):
        raise ValueError
    return value
