"""What a picture is to show and in which format, with a preview."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast, final

from PySide6.QtCore import QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QDialog, QFormLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.problem import ChainruleError
from gui.background import run_in_background
from gui.colors import PAPER
from gui.level import LevelView
from gui.mathtext import formula_ready, prepare
from gui.notices import notices
from gui.pictures import drawing
from gui.pictures.formulas import formula_lines
from gui.pictures.job import PaintJob
from gui.pictures.sheet import FORMATS, Format, Wanted
from gui.settings import settings
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.segmented import Segmented
from gui.widgets.switch import Switch

_PREVIEW: Final = QSize(480, 320)
_CM: Final = 2.54 / 96.0
_KEY: Final = "picture"

Take = Callable[[Format, Wanted], object]


@final
class PictureDialog(QDialog):
    """Remembers what was chosen. `saved` and `copied` are called with it; the dialog closes after either.

    Attributes:
        what, kind, scale: the choices.
        shapes, formulas: the switches.
    """

    def __init__(
        self, document: LevelView, whole: Wanted, part: Wanted | None, saved: Take, copied: Take, parent: QWidget
    ) -> None:
        """For a document as it is now.

        Args:
            document: what is drawn.
            whole: everything.
            part: the selection; None when there is none.
            saved: called for a file of that format.
            copied: called for the clipboard.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self.setObjectName("pictureDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export a picture"))
        self._project, self._result = document.project, document.result
        self._whole, self._part = whole, part
        self._saved, self._copied = saved, copied
        stored = settings()
        kind = str(stored.value(f"{_KEY}/kind", "svg"))
        scale = str(stored.value(f"{_KEY}/scale", "2"))
        self.what = Segmented(
            [("all", self.tr("Everything")), ("part", self.tr("Selection"))], "part" if part else "all"
        )
        self.what.button("part").setEnabled(part is not None)
        self.kind = Segmented([(each, each.upper()) for each in FORMATS], kind if kind in FORMATS else "svg")
        scales = [(str(each), f"{each}×") for each in drawing.SCALES]
        self.scale = Segmented(scales, scale if scale in dict(scales) else "2")
        self.shapes = Switch(self.tr("Shapes on the wires"), bool(stored.value(f"{_KEY}/shapes", True, type=bool)))
        self.formulas = Switch(self.tr("Formulas below"), bool(stored.value(f"{_KEY}/formulas", False, type=bool)))
        self._job: PaintJob[tuple[QImage, QSizeF]] | None = None
        self._names()
        self._view = QLabel(self)
        self._view.setObjectName("picturePreview")
        self._view.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._size = QLabel(self)
        set_role(self._size, "caption")
        set_tone(self._size, "secondary")
        self._copy, self._save = QPushButton(self.tr("Copy")), QPushButton(self.tr("Save…"))
        self._lay_out()
        for choice in (self.what, self.kind, self.scale):
            choice.changed.connect(self._refresh)
        for switch in (self.shapes, self.formulas):
            switch.toggled.connect(self._refresh)
        self._refresh()

    def wanted(self) -> Wanted:
        """What is chosen now."""
        base = self._part if self.what.value() == "part" and self._part is not None else self._whole
        return replace(
            base, shapes=self.shapes.isChecked(), formulas=self.formulas.isChecked(), scale=int(self.scale.value())
        )

    # -- inside --

    def _names(self) -> None:
        for widget, name in (
            (self.what, self.tr("What is drawn")),
            (self.kind, self.tr("Format")),
            (self.scale, self.tr("Scale of a PNG")),
        ):
            widget.setAccessibleName(name)
        self.what.setObjectName("pictureWhat")
        self.kind.setObjectName("pictureFormat")
        self.scale.setObjectName("pictureScale")
        self.shapes.setObjectName("pictureShapes")
        self.formulas.setObjectName("pictureFormulas")

    def _lay_out(self) -> None:
        paper = QFrame(self)
        paper.setObjectName("picturePaper")
        rim = theme().palette.line
        paper.setStyleSheet(
            f"QFrame#picturePaper {{ background: #ffffff; border: 1px solid {rim}; border-radius: 6px; }}"
            f"QLabel {{ color: {PAPER.text}; }}"
        )
        inside = QVBoxLayout(paper)
        inside.setContentsMargins(12, 12, 12, 12)
        self._view.setFixedSize(theme().px(_PREVIEW.width()), theme().px(_PREVIEW.height()))
        inside.addWidget(self._view)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(12)
        form.addRow(self.tr("Show"), self.what)
        form.addRow(self.tr("Format"), self.kind)
        self._scale_label = QLabel(self.tr("Scale"))
        form.addRow(self._scale_label, self.scale)
        form.addRow("", self.shapes)
        form.addRow("", self.formulas)
        set_kind(self._save, "primary")
        self._save.setDefault(True)
        self._save.setObjectName("pictureSave")
        self._copy.setObjectName("pictureCopy")
        self._copy.setToolTip(self.tr("Copy as an image"))
        cancel = QPushButton(self.tr("Cancel"))
        self._save.clicked.connect(lambda: self._take(self._saved))
        self._copy.clicked.connect(lambda: self._take(self._copied))
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self._size, 1)
        for button in (cancel, self._copy, self._save):
            buttons.addWidget(button)
        body = QHBoxLayout()
        body.setSpacing(20)
        body.addWidget(paper)
        body.addLayout(form)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addLayout(body)
        column.addLayout(buttons)

    def _refresh(self) -> None:
        is_png = self.kind.value() == "png"
        self.scale.setEnabled(is_png)
        self._scale_label.setEnabled(is_png)
        lines = formula_lines(self._project, self._result) if self.formulas.isChecked() else []
        if not all(formula_ready(line) for line in lines):
            self._wait(self.tr("Setting the formulas…"))
            run_in_background(lambda: prepare(lines), self._prepared, self._failed)
            return
        self._show()

    def _prepared(self, _none: object) -> None:
        self._show()

    def _failed(self, error: BaseException) -> None:
        notices().failure(error, self.tr("A formula could not be drawn."))
        self.formulas.setChecked(False)

    def _wait(self, why: str) -> None:
        self._view.setText(why)
        self._save.setEnabled(False)
        self._copy.setEnabled(False)

    def _show(self) -> None:
        if self._job is not None:
            self._job.stop()
        room = self._view.size() * self.devicePixelRatio()
        steps = drawing.previewing(self._project, self._result, self.wanted(), room)
        self._job = PaintJob(steps, self._drawn, self._not_drawn, self)
        self._job.start()
        if not self._job.is_over:
            self._wait(self.tr("Drawing…"))

    def _drawn(self, made: tuple[QImage, QSizeF]) -> None:
        image, size = made
        image.setDevicePixelRatio(self.devicePixelRatio())
        self._view.setPixmap(QPixmap.fromImage(image))
        self._size.setText(self._told(size, self.wanted().scale))
        self._save.setEnabled(True)
        self._copy.setEnabled(True)

    def _not_drawn(self, error: ChainruleError) -> None:
        self._wait(str(error))

    def _told(self, size: QSizeF, scale: int) -> str:
        if self.kind.value() == "png":
            wide, high = round(size.width() * scale), round(size.height() * scale)
            return self.tr("{0:,} × {1:,} pixels").format(wide, high)
        return self.tr("{0:.1f} × {1:.1f} cm, any size without loss").format(size.width() * _CM, size.height() * _CM)

    def _take(self, take: Take) -> None:
        stored = settings()
        stored.setValue(f"{_KEY}/kind", self.kind.value())
        stored.setValue(f"{_KEY}/scale", self.scale.value())
        stored.setValue(f"{_KEY}/shapes", self.shapes.isChecked())
        stored.setValue(f"{_KEY}/formulas", self.formulas.isChecked())
        kind, wanted = cast("Format", self.kind.value()), self.wanted()
        self.accept()
        take(kind, wanted)
