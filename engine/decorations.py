"""Frames and notes: what stands on the canvas beside blocks and wires, and the edits of them.

They live in the layout, so `check` never sees them. The file may be written by hand: what cannot be drawn is kept as it
is and not shown, and what bears no name of its own gets one here, always the same for the same file.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

from engine.copies import fragment_of
from engine.frozen import FrozenDict
from engine.graph import EMPTY, Layout, Point, Project
from engine.problem import GraphError

COLORS: Final = ("grey", "blue", "teal", "green", "amber", "rose", "violet", "indigo")
"""What a frame or note can be coloured; the theme says how each looks, dark and light."""

LEAST_FRAME: Final = (96.0, 64.0)
LEAST_NOTE: Final = (96.0, 40.0)
"""Width and height below which nothing could be read."""

_FAR: Final = 100_000.0
_KEYS: Final = frozenset({"id", "title", "text", "color", "at", "size"})


@final
@dataclass(frozen=True, slots=True)
class Frame:
    """A titled rectangle behind the blocks, which carries those that stand on it.

    Attributes:
        id: unique among frames and notes.
        color: one of `COLORS`.
        x, y, width, height: in scene units, from the upper left corner.
        extra: unknown keys of the file, kept.
    """

    id: str
    title: str
    color: str
    x: float
    y: float
    width: float
    height: float
    extra: FrozenDict = EMPTY


@final
@dataclass(frozen=True, slots=True)
class Note:
    """A text in markdown; the rest as in `Frame`."""

    id: str
    text: str
    color: str
    x: float
    y: float
    width: float
    height: float
    extra: FrozenDict = EMPTY


Decoration = Frame | Note


# -- reading --


def frames(layout: Layout) -> tuple[Frame, ...]:
    """The frames that can be drawn, in file order: those further back first."""
    return tuple(item for item in _named(layout) if isinstance(item, Frame))


def notes(layout: Layout) -> tuple[Note, ...]:
    """The notes that can be drawn, in file order."""
    return tuple(item for item in _named(layout) if isinstance(item, Note))


def decorations(layout: Layout) -> dict[str, Decoration]:
    """All of both that can be drawn, by id."""
    return {item.id: item for item in _named(layout) if item is not None}


def _named(layout: Layout) -> list[Decoration | None]:
    """An entry for each frame, then for each note; None where it cannot be drawn."""
    entries = [*layout.frames, *layout.notes]
    names = _names(entries, len(layout.frames))
    made: list[Decoration | None] = []
    for index, (entry, name) in enumerate(zip(entries, names, strict=True)):
        framed = index < len(layout.frames)
        at, size = _pair(entry.get("at")), _pair(entry.get("size"))
        if at is None or size is None:
            made.append(None)
            continue
        least = LEAST_FRAME if framed else LEAST_NOTE
        box = (*at, max(size[0], least[0]), max(size[1], least[1]))
        color = entry.get("color")
        color = color if color in COLORS else COLORS[0] if framed else "amber"
        extra = FrozenDict({key: value for key, value in entry.items() if key not in _KEYS})
        kind = Frame if framed else Note
        made.append(kind(name, _text(entry.get("title" if framed else "text")), color, *box, extra))
    return made


def _names(entries: Iterable[Mapping[str, Any]], frame_count: int) -> list[str]:
    """Each one's own id where it has one that no other before it has; else one made for it."""
    entries = list(entries)
    own: list[str] = []
    taken: set[str] = set()
    for entry in entries:
        name = entry.get("id")
        own.append(name if isinstance(name, str) and name not in taken else "")
        taken.add(own[-1])
    for index, name in enumerate(own):
        if not name:
            own[index] = _fresh("frame" if index < frame_count else "note", taken)
            taken.add(own[index])
    return own


def _fresh(stem: str, taken: Collection[str]) -> str:
    number = 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def _pair(value: object) -> tuple[float, float] | None:
    if not isinstance(value, tuple | list) or len(value) != 2:
        return None
    if any(type(part) not in (int, float) or not math.isfinite(part) or abs(part) > _FAR for part in value):
        return None
    return float(value[0]), float(value[1])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


# -- editing --


def add_frame(
    project: Project, box: tuple[float, float, float, float], title: str = "", color: str = COLORS[0]
) -> tuple[Project, str]:
    """With a new frame (x, y, width, height) in front of the other frames. Returns its id, too."""
    name = _fresh("frame", _taken(project.layout))
    return put(project, Frame(name, title, color, *box)), name


def add_note(
    project: Project, box: tuple[float, float, float, float], text: str = "", color: str = "amber"
) -> tuple[Project, str]:
    """With a new note (x, y, width, height). Returns its id, too."""
    name = _fresh("note", _taken(project.layout))
    return put(project, Note(name, text, color, *box)), name


def put(project: Project, *items: Decoration) -> Project:
    """With these frames and notes in place of those of their ids, or added.

    Raises:
        GraphError: a place or size is no number, or a colour is none of `COLORS`.
    """
    layout = project.layout
    for item in items:
        entry = _entry(item)
        index = _names([*layout.frames, *layout.notes], len(layout.frames))
        framed = isinstance(item, Frame)
        if item.id in index:
            place = index.index(item.id)
            if (place < len(layout.frames)) is not framed:
                raise GraphError(f'"{item.id}" names a frame and a note.', code="G24")
            layout = _with_entry(layout, place, entry)
        elif framed:
            layout = replace(layout, frames=(*layout.frames, entry))
        else:
            layout = replace(layout, notes=(*layout.notes, entry))
    return replace(project, layout=layout)


def remove(project: Project, ids: Iterable[str]) -> Project:
    """Without these frames and notes; the blocks on a frame stay."""
    gone, layout = frozenset(ids), project.layout
    names = _names([*layout.frames, *layout.notes], len(layout.frames))
    left = [name not in gone for name in names]
    count = len(layout.frames)
    return replace(
        project,
        layout=replace(
            layout,
            frames=tuple(entry for entry, stays in zip(layout.frames, left[:count], strict=True) if stays),
            notes=tuple(entry for entry, stays in zip(layout.notes, left[count:], strict=True) if stays),
        ),
    )


def move(project: Project, places: Mapping[str, Point]) -> Project:
    """With frames and notes at other places; ids that are not there are left out."""
    here = decorations(project.layout)
    moved = [replace(here[name], x=x, y=y) for name, (x, y) in places.items() if name in here]
    return put(project, *moved)


def carried(frame: Frame, others: Iterable[Decoration]) -> list[str]:
    """The ids of frames and notes that lie wholly on a frame, and so go with it."""
    return [item.id for item in others if item.id != frame.id and _inside(item, frame)]


def _inside(item: Decoration, frame: Frame) -> bool:
    return (
        frame.x <= item.x
        and frame.y <= item.y
        and item.x + item.width <= frame.x + frame.width
        and item.y + item.height <= frame.y + frame.height
        and (item.width, item.height) != (frame.width, frame.height)
    )


def _taken(layout: Layout) -> set[str]:
    return set(_names([*layout.frames, *layout.notes], len(layout.frames)))


def _with_entry(layout: Layout, place: int, entry: FrozenDict) -> Layout:
    count = len(layout.frames)
    if place < count:
        return replace(layout, frames=(*layout.frames[:place], entry, *layout.frames[place + 1 :]))
    place -= count
    return replace(layout, notes=(*layout.notes[:place], entry, *layout.notes[place + 1 :]))


def _entry(item: Decoration) -> FrozenDict:
    if item.color not in COLORS:
        raise GraphError(
            f'"{item.color}" is no colour of frames and notes. Take one of {", ".join(COLORS)}.', code="G24"
        )
    numbers = (item.x, item.y, item.width, item.height)
    if not all(math.isfinite(number) for number in numbers):
        raise GraphError(f'"{item.id}" cannot be put at {numbers}.', code="G24")
    text = {"title": item.title} if isinstance(item, Frame) else {"text": item.text}
    at, size = (_short(item.x), _short(item.y)), (_short(item.width), _short(item.height))
    return FrozenDict({"id": item.id, **text, "color": item.color, "at": at, "size": size, **item.extra})


def _short(number: float) -> float | int:
    return int(number) if number == int(number) else number


# -- copies --


def fragment_with(project: Project, node_ids: Iterable[str], ids: Iterable[str]) -> Project:
    """A fragment of these blocks (`engine.copies`) that holds these frames and notes, too."""
    here, chosen = decorations(project.layout), frozenset(ids)
    return put(fragment_of(project, node_ids), *(item for name, item in here.items() if name in chosen))


def pasted(project: Project, fragment: Project, offset: Point) -> tuple[Project, list[str]]:
    """With a fragment's frames and notes added under fresh ids; its blocks are `engine.copies.paste`'s to add."""
    ids: list[str] = []
    for item in decorations(fragment.layout).values():
        stem = "frame" if isinstance(item, Frame) else "note"
        name = _fresh(stem, _taken(project.layout))
        project = put(project, replace(item, id=name, x=item.x + offset[0], y=item.y + offset[1]))
        ids.append(name)
    return project, ids
