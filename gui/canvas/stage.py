"""What gestures and commands work on: the document, the scene that shows it, and ways to speak to the person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, final

from PySide6.QtCore import QPointF

from engine.graph import Wire
from gui.canvas.camera import Camera
from gui.canvas.hits import PortRef
from gui.canvas.overlay import Overlay
from gui.canvas.scene import CanvasScene
from gui.level import LevelView
from gui.selection import Selection

HintAction = tuple[str, Callable[[], None]]
"""A button of a hint: its label and what it does."""


@final
@dataclass(frozen=True, slots=True)
class Wish:
    """Where a block is wanted, and for what.

    Attributes:
        at: the middle of the new block, in the scene.
        port: connect it to this port.
        wire: put it into this wire.
        replaces: put it in the place of this block.
        beside: no place was pointed at: put it beside the selected block, or where there is room.
    """

    at: QPointF
    port: PortRef | None = None
    wire: Wire | None = None
    beside: bool = False
    replaces: str = ""


class Hints(Protocol):
    """Short messages near the pointer."""

    def say(self, text: str, at: QPointF, actions: Sequence[HintAction] = (), *, severity: str = "error") -> None:
        """Show a message at a place of the viewport until something else happens."""

    def hush(self) -> None:
        """Take it away."""


@final
@dataclass(frozen=True, slots=True)
class Stage:
    """Everything together.

    Attributes:
        document: as seen from the level that is shown: the top, or the inside of a group.
        search: opens the search for a block to add.
        write: opens the field to write in, at a frame or note.
        open: shows the inside of a group; whether the block is one.
        leave: goes up from the inside of a group; whether there was one to leave.
    """

    document: LevelView
    selection: Selection
    scene: CanvasScene
    camera: Camera
    overlay: Overlay
    hints: Hints
    search: Callable[[Wish], None]
    write: Callable[[str], None]
    open: Callable[[str], bool]
    leave: Callable[[], bool]
