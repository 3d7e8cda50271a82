"""What all gestures share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Final, final

from PySide6.QtCore import QCoreApplication, QPointF, Qt

from gui.canvas.stage import Stage

DRAG_START: Final = 4.0
"""How far the pointer has to go for a press to become a drag, in pixels."""


class Cancel(Enum):
    """Why a gesture ends without effect."""

    ESCAPE = auto()
    OTHER_BUTTON = auto()
    FOCUS_LOST = auto()
    DOCUMENT_CHANGED = auto()


@final
@dataclass(frozen=True, slots=True)
class At:
    """Where the pointer is, on the viewport and in the scene, and which keys are held."""

    view: QPointF
    scene: QPointF
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier

    @property
    def adds(self) -> bool:
        """Whether a click adds to the selection."""
        return bool(self.modifiers & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier))

    @property
    def free(self) -> bool:
        """Whether a drag goes freely, without snapping and past the wires."""
        return bool(self.modifiers & Qt.KeyboardModifier.ControlModifier)


class Gesture(ABC):
    """From press to release. It shows what it is about to do and edits the document at most once, in `finish`."""

    cursor: ClassVar[Qt.CursorShape | None] = None
    scrolls: ClassVar[bool] = True
    """Whether the canvas moves along where the pointer comes to its edge."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @abstractmethod
    def begin(self, at: At) -> None:
        """The button went down."""

    @abstractmethod
    def move(self, at: At) -> None:
        """The pointer moved, or the canvas below it."""

    @abstractmethod
    def finish(self, at: At) -> bool:
        """The button went up. False: the gesture goes on without it, until the next click."""

    @abstractmethod
    def cancel(self, reason: Cancel) -> None:
        """Leave everything as it was before."""


def far_enough(start: At, now: At) -> bool:
    """Whether a press became a drag."""
    return (now.view - start.view).manhattanLength() >= DRAG_START


def tr(text: str) -> str:
    """Translated text of the gestures."""
    return QCoreApplication.translate("Gestures", text)
