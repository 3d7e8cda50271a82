"""A formula is typed, seen as mathematics, and put onto the canvas as blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.expression import ExpressionError, Name, latex
from engine.formulas import Typed, graph_of, read
from engine.planning.words import ended
from gui.formula import FormulaWidget
from gui.theme import restyle, set_kind, set_role, theme
from gui.widgets.card import Card
from gui.widgets.labels import text_label
from gui.widgets.number_edit import NumberEdit
from gui.widgets.scroll import VerticalScroll
from gui.widgets.switch import Switch

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

EXAMPLE: Final = "f = sin(x^2*y) + e^z"
WIDTH: Final = 520
PREVIEW_HEIGHT: Final = 88
MOST_HEIGHT: Final = 136
COLUMNS: Final = 3
"""Values of variables beside each other."""
MARGIN: Final = 64.0
"""Between the blocks that are there and the new ones."""


@final
class FormulaDialog(QDialog):
    """Edit > Formula…: one line of text, what it means, and where its variables begin."""

    def __init__(self, canvas: CanvasView, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("formulaDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Formula"))
        self._canvas = canvas
        self._typed: Typed | None = None
        self._names: tuple[str, ...] | None = None
        self._values: dict[str, float] = {}
        self._fields: dict[str, NumberEdit] = {}
        self.text = QLineEdit()
        self.text.setObjectName("formulaText")
        self.text.setAccessibleName(self.tr("Formula"))
        self.text.setPlaceholderText(EXAMPLE)
        set_role(self.text, "mono")
        self.preview = FormulaWidget(size=20)
        self.fault = text_label("", "caption", "error", wrap=True)
        self.minimise = Switch(self.tr("Minimise the result"), checked=not canvas.level.result.objectives)
        self.minimise.setVisible(not canvas.level.path)
        self._lay_out()
        self.text.textChanged.connect(self._read)
        self._read("")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        hint = self.tr("Each operation becomes a block, each variable a value that training may change.")
        column.addWidget(text_label(hint, tone="secondary", wrap=True))
        column.addWidget(self.text)
        well = Card(kind="well")
        well.body.addWidget(self.preview)
        well.body.addWidget(self.fault)
        well.body.addStretch(1)
        well.setMinimumHeight(theme().px(PREVIEW_HEIGHT))
        column.addWidget(well)
        self._grid_title = text_label(self.tr("Where the variables begin"), "caption", "secondary")
        column.addWidget(self._grid_title)
        self._grid = QWidget()
        self._scroll = VerticalScroll(self._grid)
        column.addWidget(self._scroll)
        column.addWidget(self.minimise)
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.insert = QPushButton(self.tr("Insert"))
        self.insert.setObjectName("insertFormula")
        set_kind(self.insert, "primary")
        buttons.addButton(self.insert, QDialogButtonBox.ButtonRole.AcceptRole)
        self.insert.setDefault(True)
        buttons.accepted.connect(self._insert)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.setMinimumWidth(theme().px(WIDTH))

    def event(self, event: QEvent) -> bool:
        grown = event.type() == QEvent.Type.LayoutRequest  # a tall formula, or another row of values
        handled = super().event(event)
        layout = self.layout() if grown else None
        if layout is not None:
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))
        return handled

    # -- what is typed --

    def _read(self, text: str) -> None:
        """Show the formula as mathematics; while it cannot be read, what is wrong with it and where."""
        self._typed, fault = None, ""
        try:
            self._typed = read(text)
        except ExpressionError as error:
            fault = ended(str(error)) if text.strip() else ""
        restyle(self.text, "error", "true" if fault else "false")
        self.fault.setText(fault[:1].upper() + fault[1:])
        self.fault.setVisible(bool(fault))
        self.preview.setVisible(not fault)
        self.preview.set_color("text" if self._typed is not None else "secondary")
        self.preview.set_lines(_lines(self._typed or read(EXAMPLE)) if not fault else ())
        self.insert.setEnabled(self._typed is not None)
        if self._typed is not None or not text.strip():
            self._ask_values(self._typed.variables if self._typed is not None else ())

    def _ask_values(self, names: tuple[str, ...]) -> None:
        """A field for each variable; what was entered for one is kept while the formula changes."""
        if names == self._names:
            return
        self._names = names
        self._fields = {}
        fields = QWidget()
        grid = QGridLayout(fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        for index, name in enumerate(names):
            label = QLabel(name)
            label.setTextFormat(Qt.TextFormat.PlainText)
            set_role(label, "mono")
            field = self._fields[name] = NumberEdit(self._values.get(name, 1.0))
            field.setObjectName(f"start_{name}")
            field.setAccessibleName(self.tr("Where {0} begins").format(name))
            field.changed.connect(lambda value, name=name: self._values.__setitem__(name, value))
            label.setBuddy(field)
            row, place = divmod(index, COLUMNS)
            grid.addWidget(label, row, 2 * place, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(field, row, 2 * place + 1)
        for place in range(COLUMNS):
            grid.setColumnStretch(2 * place + 1, 1)
        self._scroll.setWidget(fields)
        self._scroll.setFixedHeight(min(fields.sizeHint().height() + 4, theme().px(MOST_HEIGHT)))
        self._scroll.setVisible(bool(names))
        self._grid_title.setVisible(bool(names))

    # -- onto the canvas --

    def _insert(self) -> None:
        wrong = [field for field in self._fields.values() if not field.commit()]
        if self._typed is None or wrong:
            (wrong[0] if wrong else self.text).setFocus(Qt.FocusReason.OtherFocusReason)
            return
        scene, level = self._canvas.items_, self._canvas.level
        project = scene.with_places(level.project)
        area = scene.content_rect()
        at = (area.left(), area.bottom() + MARGIN) if len(project.graph) else (0.0, 0.0)
        wanted = self.minimise.isChecked() and not level.path
        wired = graph_of(
            project, self.text.text(), (round(at[0] / 8) * 8.0, round(at[1] / 8) * 8.0),
            values=self._values, minimise=wanted,
        )  # fmt: skip
        level.edit(self.tr("Insert a formula"), wired.project, wired.touched, moved=frozenset(wired.nodes))
        self._canvas.stage.selection.set(wired.nodes)
        QTimer.singleShot(0, self._canvas, self._canvas.fit)
        self.accept()


def _lines(typed: Typed) -> tuple[str, ...]:
    left = f"{latex(Name(typed.name))} = " if typed.name else ""
    return (left + latex(typed.tree),)
