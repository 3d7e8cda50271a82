"""How a picture stands on paper: its pages, shown before they are printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast, final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter, QPixmap
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.icons import icon
from gui.notices import notices
from gui.pictures.drawing import Steps
from gui.pictures.job import PaintJob
from gui.pictures.pages import Pages, Spread
from gui.pictures.sheet import Sheet
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.labels import plain_tooltip
from gui.widgets.segmented import Segmented

_ROOM: Final = QSize(440, 440)
_Id = QPageSize.PageSizeId
PAPERS: Final = (_Id.A5, _Id.A4, _Id.A3, _Id.A2, _Id.A1, _Id.A0, _Id.Letter, _Id.Legal, _Id.Tabloid)
_WAYS: Final = {"landscape": QPageLayout.Orientation.Landscape, "portrait": QPageLayout.Orientation.Portrait}


@final
class PrintPages(QDialog):
    """Pages are shown as they will be printed, painted in slices as everything that is large.

    Attributes:
        printer: what the choices set.
        what: everything or the selection; without one there is no choice.
        way, spread, paper: the other choices.
        pages: that there are now.
        number: of the page shown, from 0.
        before, next: buttons.
    """

    def __init__(
        self,
        sheet: Sheet,
        printer: QPrinter,
        print_: Callable[[Pages], object],
        parent: QWidget,
        make: Callable[[bool], Steps[Sheet]] | None = None,
    ) -> None:
        """For a sheet that is made; `print_` is called with what is to be printed, and the dialog closes.

        Where something is selected, the sheet is of that, and `make` makes one of it (True) or of everything.
        """
        super().__init__(parent)
        self.setObjectName("printPages")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Print"))
        self._sheet, self.printer, self._print = sheet, printer, print_
        self._make = make
        self._making: PaintJob[Sheet] | None = None
        self._job: PaintJob[QImage] | None = None
        self.number = 0
        whats = [("all", self.tr("Everything")), ("part", self.tr("Selection"))]
        self.what = Segmented(whats, "all" if make is None else "part")
        wide = sheet.area.width() > sheet.area.height()
        ways = [("portrait", self.tr("Portrait")), ("landscape", self.tr("Landscape"))]
        self.way = Segmented(ways, "landscape" if wide else "portrait")
        spreads = [("one", self.tr("Fit on one page")), ("full", self.tr("Full size"))]
        self.spread = Segmented(spreads)
        self.spread.set_hint("full", self.tr("As large as on the screen, on as many pages as that takes"))
        self.paper = QComboBox()
        own = printer.pageLayout().pageSize()
        papers = [QPageSize(each) for each in PAPERS]
        papers += [] if any(own.isEquivalentTo(each) for each in papers) else [own]
        for each in papers:
            self.paper.addItem(each.name(), each)
        self.paper.setCurrentIndex(next(at for at, each in enumerate(papers) if own.isEquivalentTo(each)))
        self._view = QLabel()
        self._told = QLabel()
        self.before, self.next = QToolButton(), QToolButton()
        self._go, self._cancel = QPushButton(self.tr("Print…")), QPushButton(self.tr("Cancel"))
        self._name()
        self._lay_out()
        self._connect()
        self._arrange()

    def _name(self) -> None:
        self.what.setAccessibleName(self.tr("What is printed"))
        self.way.setAccessibleName(self.tr("Orientation"))
        self.spread.setAccessibleName(self.tr("Size on paper"))
        self.paper.setAccessibleName(self.tr("Paper"))
        self._view.setObjectName("pageShown")
        self._told.setObjectName("pageTold")
        self._go.setObjectName("printGo")
        for button, name, sign in (
            (self.before, self.tr("Page before"), "chevron-left"),
            (self.next, self.tr("Next page"), "chevron-right"),
        ):
            button.setAccessibleName(name)
            button.setToolTip(plain_tooltip(name))
            button.setIcon(icon(sign))
            set_kind(button, "icon")

    def _lay_out(self) -> None:
        self._view.setFixedSize(theme().px(_ROOM.width()), theme().px(_ROOM.height()))
        self._view.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_role(self._told, "caption")
        set_tone(self._told, "secondary")
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(12)
        form.addRow(self.tr("Show"), self.what)
        form.addRow(self.tr("Paper"), self.paper)
        form.addRow(self.tr("Orientation"), self.way)
        form.addRow(self.tr("Size"), self.spread)
        body = QHBoxLayout()
        body.setSpacing(20)
        body.addWidget(self._view)
        body.addLayout(form)
        set_kind(self._go, "primary")
        self._go.setDefault(True)
        foot = QHBoxLayout()
        foot.addWidget(self.before)
        foot.addWidget(self._told)
        foot.addWidget(self.next)
        foot.addStretch(1)
        foot.addWidget(self._cancel)
        foot.addWidget(self._go)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addLayout(body)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.what.button("part").setEnabled(self._make is not None)
        self.what.changed.connect(self._draw_anew)
        self.way.changed.connect(self._arrange)
        self.spread.changed.connect(self._arrange)
        self.paper.currentIndexChanged.connect(self._arrange)
        self.before.clicked.connect(lambda: self._turn(-1))
        self.next.clicked.connect(lambda: self._turn(1))
        self._cancel.clicked.connect(self.reject)
        self._go.clicked.connect(self._ask)
        self.finished.connect(self._stop)

    # -- pages --

    def _draw_anew(self) -> None:
        """Something else is to be printed."""
        if self._make is None:
            return
        self._stop()
        self._view.setText(self.tr("Drawing…"))
        self._go.setEnabled(False)
        self._making = PaintJob(self._make(self.what.value() == "part"), self._drawn, notices().failure, self)
        self._making.start()

    def _drawn(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._go.setEnabled(True)
        self._arrange()

    def _arrange(self) -> None:
        self.printer.setPageSize(cast("QPageSize", self.paper.currentData()))
        self.printer.setPageOrientation(_WAYS[self.way.value()])
        self.pages = self._made()
        self.number = 0
        self._turn(0)

    def _made(self) -> Pages:
        return Pages(self._sheet, self.printer.pageLayout(), cast("Spread", self.spread.value()))

    def _turn(self, by: int) -> None:
        self.number += by
        count = len(self.pages.parts)
        self.before.setVisible(count > 1)
        self.next.setVisible(count > 1)
        self.before.setEnabled(self.number > 0)
        self.next.setEnabled(self.number < count - 1)
        page = self.tr("Page {0:,} of {1:,}").format(self.number + 1, count)
        fitted = self.tr("{0:.0%} of the size on the screen").format(self.pages.scale)
        self._told.setText(page if count > 1 else fitted)
        self._stop_page()
        room = self._view.size() - QSize(2, 2)
        steps = self.pages.showing(self.number, room, self.devicePixelRatio())
        self._job = PaintJob(steps, self._show_page, notices().failure, self)
        self._job.start()
        if not self._job.is_over:
            self._view.setText(self.tr("Drawing…"))

    def _show_page(self, image: QImage) -> None:
        edge = QPainter(image)
        edge.setPen(theme().pen("line"))
        edge.drawRect(QRectF(QPointF(), image.deviceIndependentSize()).adjusted(0.0, 0.0, -1.0, -1.0))
        edge.end()
        self._view.setPixmap(QPixmap.fromImage(image))

    def _stop(self) -> None:
        """Draw nothing any more."""
        self._stop_page()
        if self._making is not None:
            self._making.stop()
        self._making = None

    def _stop_page(self) -> None:
        if self._job is not None and not self._job.is_over:
            self._job.stop()
        self._job = None

    # -- printing --

    def _ask(self) -> None:
        """The system's own dialog: which printer, or a PDF, how many copies, which pages."""
        dialog = QPrintDialog(self.printer, self)
        dialog.setMinMax(1, len(self.pages.parts))
        wanted = dialog.exec()  # on Windows it can be shown in no other way
        dialog.deleteLater()
        if wanted:
            pages = self._made()  # the paper may have been chosen anew there
            self.accept()
            self._print(pages)
