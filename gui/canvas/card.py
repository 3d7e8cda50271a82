"""The card below a block that says what is wrong with it and offers to mend it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.problem import Problem
from gui.fixes import fix_label, fixes_of
from gui.theme import restyle, set_kind, set_role, set_tone, theme
from gui.widgets.wrap_row import WrapRow

WIDTH: Final = 320
MOST: Final = 3
"""How many problems are written out; the list of problems has the rest."""


@final
class ProblemCard(QFrame):
    """Shows the problems of one block.

    Signals:
        fix_wanted(Problem): its quick fix is asked for.
        left(): the pointer left the card.
    """

    fix_wanted = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("problemCard")
        self._view = parent
        set_kind(self, "error")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 10, 12, 10)
        self._column.setSpacing(8)
        self._shown: tuple[Problem, ...] = ()
        self._parts: list[QWidget] = []
        self.node_id = ""
        self.hide()

    def show_problems(self, node_id: str, problems: tuple[Problem, ...]) -> None:
        """Fill the card; it stays hidden until it is placed."""
        self.node_id = node_id
        if problems == self._shown:
            return
        self._shown = problems
        for part in self._parts:
            self._column.removeWidget(part)
            part.hide()
            part.deleteLater()
        self._parts = []
        for problem in problems[:MOST]:
            self._add(_Entry(problem, self._want))
        if len(problems) > MOST:
            more = QLabel(self.tr("and {0} more").format(len(problems) - MOST))
            set_role(more, "caption")
            set_tone(more, "secondary")
            self._add(more)
        # It covers what lies below the block; unless it has a button, the mouse goes through it.
        inert = not any(fixes_of(problem) for problem in problems[:MOST])
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, inert)
        worst = "error" if any(problem.severity == "error" for problem in problems) else "warning"
        restyle(self, "kind", worst)

    def place(self, below: QPointF, above: QPointF) -> None:
        """Put the card below a block, or above it where there is no room. Both are places on the parent."""
        width = theme().px(WIDTH)
        self.setFixedWidth(width)
        self._column.activate()
        self.setFixedHeight(self._column.totalHeightForWidth(width))
        room = self._view.rect().adjusted(8, 8, -8, -8)
        x = min(max(round(below.x()), room.left()), max(room.right() - width, room.left()))
        y = round(below.y())
        if y + self.height() > room.bottom() and round(above.y()) - self.height() >= room.top():
            y = round(above.y()) - self.height()
        self.move(x, y)
        self.show()
        self.raise_()  # the minimap may have come since

    def dismiss(self) -> None:
        """Take the card away."""
        self.node_id = ""
        self.hide()

    def texts(self) -> list[str]:
        """What is written on it."""
        return [label.text() for label in self.findChildren(QLabel) if not label.isHidden()]

    def _want(self, problem: Problem) -> None:
        self._view.setFocus()  # the button goes, and Space would press what Qt gives its focus to
        self.fix_wanted.emit(problem)

    def _add(self, part: QWidget) -> None:
        self._parts.append(part)
        self._column.addWidget(part)
        part.show()  # on a card that is seen already, Qt would do so later, and leave no room meanwhile

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.left.emit()


@final
class _Entry(QWidget):
    """One problem: message, way out, and a button for each of its quick fixes."""

    def __init__(self, problem: Problem, fix: Callable[[Problem], None]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(_text(problem.message))
        offered = fixes_of(problem)
        if offered:
            row = WrapRow(8)
            for each in offered:
                button = QPushButton(fix_label(each))
                set_kind(button, "danger" if problem.severity == "error" else "caution")
                button.clicked.connect(lambda _checked=False, each=each: fix(each))
                row.addWidget(button)
            column.addLayout(row)
        elif problem.hint:
            hint = _text(problem.hint)
            set_tone(hint, "secondary")
            set_role(hint, "caption")
            column.addWidget(hint)


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
