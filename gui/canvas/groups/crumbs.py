"""Where the canvas is, at its upper left: Network › Residual › Inner. Shown inside groups alone."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from engine.levels import group_at, uses_of
from gui.canvas.groups.navigator import Navigator
from gui.icons import icon
from gui.theme import set_kind, set_role, set_tone
from gui.widgets.labels import plain_tooltip

MARGIN: Final = 16
_LONGEST: Final = 28


@final
class Breadcrumbs(QFrame):
    """A button for each level above, the name of this one, and which repetition is looked at."""

    def __init__(self, navigator: Navigator, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("breadcrumbs")
        self.setAccessibleName(self.tr("Where the canvas is"))
        set_kind(self, "card")
        self._navigator = navigator
        self._parts: list[QWidget] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 4, 10, 4)
        self._row.setSpacing(4)
        navigator.level.moved.connect(self.show_level)
        self.show_level()

    def texts(self) -> list[str]:
        """What is written, from the top down."""
        return [part.text() for part in self._parts if isinstance(part, QToolButton | QLabel) and part.text()]

    def show_level(self) -> None:
        """Name the level that is shown."""
        for part in self._parts:
            self._row.removeWidget(part)
            part.hide()
            part.deleteLater()
        self._parts = []
        level = self._navigator.level
        self.setVisible(bool(level.path))
        if not level.path:
            return
        project = level.document.project
        names = [project.name or self.tr("Network")]
        names += [group_at(project, level.path[: depth + 1]) for depth in range(len(level.path))]
        for depth, name in enumerate(names[:-1]):
            self._add_button(name, depth)
        self._add_label(_short(names[-1]), names[-1], current=True)
        if level.repeats() > 1:
            self._add_turns(level.turns[-1], level.repeats())
        uses = len(uses_of(project, names[-1]))
        if uses > 1:
            self._add_label(
                self.tr("used {0} times").format(uses),
                self.tr("What you change here changes at every use of the group."),
            )
        self.adjustSize()
        self.move(MARGIN, MARGIN)
        self.raise_()

    def _add_button(self, name: str, depth: int) -> None:
        button = QToolButton(self)
        button.setText(_short(name))
        button.setObjectName(f"crumb_{depth}")
        button.setToolTip(plain_tooltip(self.tr("Back to {0}").format(name)))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        path = self._navigator.level.path[:depth]
        button.clicked.connect(lambda: self._navigator.go(path, self._navigator.level.turns))
        self._put(button)
        self._add_label("›", "")

    def _add_label(self, text: str, tip: str, *, current: bool = False) -> None:
        label = QLabel(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setToolTip(plain_tooltip(tip))
        if current:
            set_role(label, "strong")
            label.setContentsMargins(6, 0, 4, 0)  # as far from the arrow as the buttons' texts
        else:
            set_role(label, "caption")
            set_tone(label, "secondary")
        self._put(label)

    def _add_turns(self, turn: int, repeats: int) -> None:
        for name, step, text in (
            ("chevron-left", -1, self.tr("The repetition before")),
            ("chevron-right", 1, self.tr("The next repetition")),
        ):
            button = QToolButton(self)
            button.setIcon(icon(name, "secondary"))
            button.setObjectName(f"turn_{step}")
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setEnabled(0 <= turn + step < repeats)
            set_kind(button, "small")
            button.clicked.connect(lambda _=False, step=step: self._navigator.turn(step))
            self._put(button)
            if step < 0:
                tip = self.tr("Shapes and problems are those of this repetition.")
                self._add_label(self.tr("{0} of {1}").format(turn + 1, repeats), tip)

    def _put(self, part: QWidget) -> None:
        self._parts.append(part)
        self._row.addWidget(part)
        part.show()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
