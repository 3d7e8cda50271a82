"""Kernels made by hand, tried on a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.background import run_in_background
from gui.backprop.convolution.kernels import Kernel, filtered, kernels, read_grey, widened
from gui.backprop.convolution.plane import PlaneView
from gui.backprop.convolution.words import limit_of
from gui.backprop.sliding import Pair, taken
from gui.backprop.write import number
from gui.file_dialogs import ask_open_path
from gui.format import format_number
from gui.formula import FormulaWidget
from gui.icons import icon
from gui.predictions.image_drop import IMAGES
from gui.theme import set_kind, set_tone, theme
from gui.widgets.counter import Counter
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.number_edit import NumberEdit
from gui.widgets.scroll import VerticalScroll
from gui.widgets.wrap_row import WrapRow

Floats = NDArray[np.float64]
GAP: Final = 12
WIDEST: Final = 380


@final
class Workbench(QWidget):
    """A picture, a kernel of three by three, and what it makes of the picture.

    Signals:
        left(): back to the network's own kernels.
        wanted(object, int): these weights `(height, width)` for that filter, from 0.
    """

    left = Signal()
    wanted = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("kernelWorkbench")
        self.setAcceptDrops(True)
        self._known = kernels()
        self._sample: Floats = np.zeros((1, 1))
        self._sample_name, self._file_name = "", ""
        self._picture: Floats | None = None
        self._size: Pair = (3, 3)
        self._asked = 0
        self.source, self.result = PlaneView(), PlaneView()
        self.source.setObjectName("kernelSource")
        self.result.setObjectName("kernelResult")
        self.source.pointed.connect(self._mark)
        self.result.pointed.connect(self._mark)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(VerticalScroll(self._build()))
        self.choose("sobel_x")

    # -- building --

    def _build(self) -> QWidget:
        page = QWidget()
        page.installEventFilter(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(8)
        top = WrapRow(8)
        back = QToolButton()
        back.setObjectName("kernelBack")
        back.setIcon(icon("chevron-left"))
        back.setText(self.tr("Back to the network"))
        back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        set_kind(back, "boxed")
        back.clicked.connect(self.left)
        self.names = QComboBox()
        self.names.setObjectName("kernelNames")
        self.names.setAccessibleName(self.tr("Kernel"))
        for kernel in self._known:
            self.names.addItem(kernel.name, kernel.key)
        self.names.addItem(self.tr("Your own numbers"), "")
        self.names.activated.connect(lambda at: self.choose(self.names.itemData(at)))
        self._open = QPushButton(self.tr("Picture…"))
        self._open.setToolTip(plain_tooltip(self.tr("Choose a picture file, or drop one here")))
        self._open.clicked.connect(self._ask)
        self._own = QPushButton(self.tr("The sample"))
        self._own.setToolTip(plain_tooltip(self.tr("Back to the picture that the network sees")))
        self._own.clicked.connect(self._use_sample)
        for part in (back, self.names, self._open, self._own):
            top.addWidget(part)
        column.addLayout(top)
        self._says = text_label("", "caption", "secondary", wrap=True)
        column.addWidget(self._says)
        column.addWidget(self._build_bench())
        self._place = text_label("", "caption", "secondary")
        column.addWidget(self._place)
        self._at = FormulaWidget((), 14)
        self._at.setObjectName("kernelSum")
        column.addWidget(self._at)
        column.addLayout(self._build_use())
        column.addStretch(1)
        return page

    def _build_bench(self) -> QWidget:
        bench = QWidget()
        row = WrapRow(GAP)
        bench.setLayout(row)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        bench.setSizePolicy(policy)
        row.addWidget(self._build_grid())
        row.addWidget(self.source)
        row.addWidget(self.result)
        return bench

    def _build_grid(self) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(text_label(self.tr("Kernel"), "caption_strong"), 0, 0, 1, 3)
        self.cells: list[NumberEdit] = []
        for at in range(9):
            edit = NumberEdit(0.0)
            edit.setObjectName(f"kernelCell{at}")
            edit.setFixedWidth(theme().px(70))
            edit.setAccessibleName(self.tr("row {0}, column {1}").format(at // 3 + 1, at % 3 + 1))
            edit.changed.connect(self._typed)
            self.cells.append(edit)
            grid.addWidget(edit, 1 + at // 3, at % 3)
        self._sum = text_label("", "mono_caption", "secondary")
        grid.addWidget(self._sum, 4, 0, 1, 3)
        return box

    def _build_use(self) -> WrapRow:
        row = WrapRow(8)
        self.use = QPushButton(self.tr("Use as filter"))
        self.use.setObjectName("kernelUse")
        set_kind(self.use, "primary")
        self.use.clicked.connect(self._send)
        self.filter = Counter()
        self.filter.setObjectName("kernelFilter")
        self.filter.setAccessibleName(self.tr("Which filter"))
        self.filter.setMinimum(1)
        self._hint = text_label("", "caption", "secondary", wrap=False)
        for part in (self.use, self.filter, self._hint):
            row.addWidget(part)
        return row

    # -- what it works on --

    def set_sample(self, picture: Floats, sample: int, channel: int) -> None:
        """The picture that the network sees, `(height, width)`."""
        self._sample = picture
        self._sample_name = self.tr("Sample {0}, channel {1}").format(sample + 1, channel + 1)
        self._filter()

    def set_filters(self, count: int, chosen: int, size: Pair) -> None:
        """Which filters there are, and of which size their kernels are."""
        self._size = size
        self.filter.setMaximum(count)
        self.filter.setValue(chosen + 1)
        fits = widened(np.zeros((3, 3)), size) is not None
        self.use.setEnabled(fits)
        self.filter.setEnabled(fits)
        if fits:
            self._hint.setText(self.tr("Its other input channels become 0."))
        else:
            self._hint.setText(self.tr("The kernels are {0}×{1}: this one has no place there.").format(*size))

    @property
    def kernel(self) -> Floats:
        """The numbers as typed, `(3, 3)`."""
        return np.array([edit.value() or 0.0 for edit in self.cells]).reshape(3, 3)

    @property
    def made(self) -> Floats:
        """What the kernel makes of the picture."""
        return self.result.values

    def choose(self, key: str) -> None:
        """One of the kernels by name."""
        kernel = next((each for each in self._known if each.key == key), None)
        if kernel is not None:
            for edit, value in zip(self.cells, kernel.array.ravel(), strict=True):
                edit.set_value(float(value))
        self._name(kernel)
        self._filter()

    def _typed(self) -> None:
        self._name(next((each for each in self._known if np.array_equal(each.array, self.kernel)), None))
        self._filter()

    def _name(self, kernel: Kernel | None) -> None:
        self.names.setCurrentIndex(self.names.count() - 1 if kernel is None else self._known.index(kernel))
        set_tone(self._says, "secondary")
        self._says.setText(kernel.finds if kernel is not None else self.tr("Type numbers: what do they find?"))

    def _filter(self) -> None:
        picture = self._picture if self._picture is not None else self._sample
        name = self._file_name if self._picture is not None else self._sample_name
        made = filtered(picture, self.kernel)
        self._own.setVisible(self._picture is not None)
        self.source.set_plane(name, picture, limit_of(picture))
        self.result.set_plane(self.tr("What the kernel makes of it"), made, limit_of(made))
        self._sum.setText(self.tr("sum of its numbers: {0}").format(format_number(float(self.kernel.sum()))))
        self._place.setText("")
        self._at.set_lines(())

    def _mark(self, cell: Pair) -> None:
        """The window on the picture around a place, and the place in the result."""
        height, width = self.source.values.shape
        rows, columns = np.mgrid[cell[0] - 1 : cell[0] + 2, cell[1] - 1 : cell[1] + 2]
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        self.source.set_marks(self.source.lit_by(rows[inside], columns[inside]))
        self.result.set_marks(None, cell)
        under = taken(self.source.values, rows, columns).ravel()
        pairs = zip(under, self.kernel.ravel(), strict=True)
        found = " + ".join(rf"{number(x, bare=False)} \cdot {number(w, bare=False)}" for x, w in pairs if w)
        self._place.setText(self.tr("row {0}, column {1}:").format(cell[0] + 1, cell[1] + 1))
        self._at.set_lines(f"y = {found or '0'} = {number(float(self.result.values[cell]))}")

    def _send(self) -> None:
        kernel = widened(self.kernel, self._size)
        if kernel is not None:
            self.wanted.emit(kernel, self.filter.value() - 1)

    # -- keys --

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape leads back to the network's kernels, and not out of the mode; other keys are for what is typed."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.left.emit()
            return True
        return super().eventFilter(watched, event)

    # -- pictures from files --

    def _ask(self) -> None:
        path = ask_open_path(self, self.tr("Choose a picture"), "", self.tr("Pictures ({0})").format(IMAGES))
        if path is not None:
            self.open_picture(str(path))

    def open_picture(self, path: str) -> None:
        """Work on a picture file; it is read in another thread."""
        self._asked += 1
        asked = self._asked
        run_in_background(lambda: (asked, path, read_grey(path)), self._opened, self._failed)

    def _opened(self, found: tuple[int, str, Floats]) -> None:
        asked, path, picture = found
        if asked != self._asked:
            return
        self._picture, self._file_name = picture, Path(path).name
        set_tone(self._says, "secondary")
        self._filter()

    def _failed(self, error: BaseException) -> None:
        set_tone(self._says, "error")
        self._says.setText(str(error))

    def _use_sample(self) -> None:
        self._asked += 1
        self._picture = None
        self._filter()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open_picture(paths[0])

    # -- room --

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - theme().px(40)
        grid = theme().px(70) * 3 + 8
        beside = (room - grid - 2 * GAP) // 2
        side = beside if beside >= theme().px(150) else (room - GAP) // 2
        for view in (self.source, self.result):
            view.set_side(max(60, min(side, theme().px(WIDEST))))
