"""Copies of blocks as text on the system's clipboard, in the format of the graph file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication

from engine import files
from engine.decorations import decorations
from engine.graph import Project
from engine.problem import ChainruleError

_STRING_OR_BRACE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]')
MOST_TEXT = 20_000_000
"""Longer texts are not looked at: whatever they are, they are no blocks that anyone copied here."""


def put(project: Project, node_ids: Iterable[str], decoration_ids: Iterable[str] = ()) -> None:
    """Put these blocks with the wires among them, and these frames and notes, on the clipboard."""
    QGuiApplication.clipboard().setText(files.dump_fragment(project, frozenset(node_ids), decoration_ids))


def take() -> Project | None:
    """The blocks on the clipboard, also from within a message; None when there are none.

    Raises:
        FileError: the text is meant to be blocks, but damaged.
    """
    text = QGuiApplication.clipboard().text()
    if len(text) > MOST_TEXT:
        return None
    text = _without_message(text)
    if not text.startswith("{"):
        return None
    try:
        return files.load_fragment(text)
    except ChainruleError:
        if '"chainrule"' in text[:200]:
            raise
        return None


def _without_message(text: str) -> str:
    """What a chat leaves of copied blocks: without the code fence and the words around it, indented by plain spaces."""
    named, plain = text.find('"chainrule"'), text.strip()
    begins = plain.startswith("{")
    if named >= 0 and not (begins and plain.endswith("}")):
        start = text.index("{") if begins else max(text.rfind("{", 0, named), 0)
        text = text[start : _end_of_object(text, start)]
    return re.sub(r"^[ \t]*\u00a0[ \t\u00a0]*", " ", text.lstrip(), flags=re.MULTILINE)


def _end_of_object(text: str, start: int) -> int:
    """Where the JSON object ends that begins there; the words behind it may hold braces, too."""
    depth = 0
    for found in _STRING_OR_BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if depth == 0 and found.group() == "}":
            return found.end()
    return len(text)


def extent(fragment: Project) -> QRectF:
    """What the upper left corners of a fragment's blocks, frames and notes span."""
    corners = list(fragment.layout.nodes.values())
    corners += [(item.x, item.y) for item in decorations(fragment.layout).values()]
    xs, ys = zip(*corners, strict=True) if corners else ((0.0,), (0.0,))
    return QRectF(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
