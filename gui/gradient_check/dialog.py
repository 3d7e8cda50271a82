"""Are the gradients right? Chosen, checked in the session, and told parameter by parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from engine.result import Result
from engine.stepevents import GradientReport, GradientsChecked, GradientsChecking
from gui.background import run_in_background
from gui.document import Document
from gui.file_dialogs import ask_save_path
from gui.format import format_integer
from gui.formula import FormulaWidget
from gui.gradient_check.tree import ParameterTree
from gui.gradient_check.words import as_table, as_text, summary
from gui.icons import icon
from gui.notices import Notice, notices
from gui.run_feed import RunFeed
from gui.saving import save_table
from gui.theme import set_kind, set_tone, theme
from gui.widgets.card import Card
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.segmented import Segmented

FORMULA: Final = r"\frac{\partial L}{\partial w} \approx \frac{L(w + h) - L(w - h)}{2h}"
MARGIN: Final = 48
"""Pixels of the window that are seen around the dialog in large type."""
ENTRIES: Final = (("10", "10"), ("50", "50"), ("500", "500"), ("all", ""))


@final
class GradientCheckDialog(QDialog):
    """Checks the gradients of the next step, with the present weights; changes nothing.

    Attributes:
        report: what was found; None before.
    """

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gradientCheck")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Check gradients"))
        self._document, self._feed = document, feed
        self._request = 0
        self._asked = False
        self.report: GradientReport | None = None
        self._cancelled = False
        self.tree = ParameterTree()
        self.entries = Segmented([(key, label or self.tr("all")) for key, label in ENTRIES], "50")
        self.entries.setObjectName("gradientCheckEntries")
        self.entries.setAccessibleName(self.tr("How many numbers of each parameter are checked"))
        self._says = text_label("", "caption", "secondary", wrap=True)
        self._says.setObjectName("gradientCheckSays")
        self._progress = QProgressBar()
        self._progress.setAccessibleName(self.tr("Progress of the check"))
        self._progress.setTextVisible(False)
        self.check, self._copy = QPushButton(self.tr("Check")), QPushButton(self.tr("Copy as text"))
        self._save, self._close = QPushButton(self.tr("Save as CSV…")), QPushButton(self.tr("Close"))
        self._lay_out()
        self._offered: list[str] | None = None
        self.tree.itemChanged.connect(lambda *_: self._update())
        self._connect()
        self._offer()
        room = parent.window().size()
        self.resize(min(theme().px(980), room.width() - MARGIN), min(theme().px(600), room.height() - MARGIN))
        (self.check if self.check.isEnabled() else self.tree).setFocus()

    def _lay_out(self) -> None:
        hint = self.tr(
            "Every gradient is measured once more, without any calculus: each weight is moved a little to both sides, "
            "and the loss of the next batch is computed in float64. Autograd and the blocks' own formulas must agree."
        )
        well = Card("well", padding=10)
        well.body.addWidget(FormulaWidget(FORMULA, 17))
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(text_label(self.tr("Numbers of each parameter"), "caption", "secondary"))
        top.addWidget(self.entries)
        top.addStretch(1)
        for label, ticked in ((self.tr("Choose all"), True), (self.tr("None"), False)):
            button = QPushButton(label)
            set_kind(button, "quiet")
            button.clicked.connect(lambda _=False, ticked=ticked: self.tree.tick(ticked))
            top.addWidget(button)
        buttons = QHBoxLayout()
        for part in (self._copy, self._save):
            buttons.addWidget(part)
        buttons.addStretch(1)
        for part in (self._close, self.check):
            buttons.addWidget(part)
        self.check.setObjectName("gradientCheckGo")
        self.check.setDefault(True)
        set_kind(self.check, "primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(text_label(hint, tone="secondary", wrap=True))
        for widget in (well, self.tree, self._progress, self._says):
            if widget is self.tree:
                column.addLayout(top)
            column.addWidget(widget, 1 if widget is self.tree else 0)
        column.addLayout(buttons)
        self._progress.setFixedHeight(theme().px(3))

    def _connect(self) -> None:
        feed = self._feed
        feed.on(GradientsChecking, self._advance)
        feed.on(GradientsChecked, self._take)
        feed.state_changed.connect(self._update)
        feed.session_changed.connect(self.reject)
        self._document.checked.connect(self._offer)
        self.finished.connect(self._ended)
        self.check.clicked.connect(self._check_or_cancel)
        self._copy.clicked.connect(self.copy)
        self._save.clicked.connect(self._ask_path)
        self._close.clicked.connect(self.close)

    def _ended(self) -> None:
        self._cancel()
        self._feed.off(GradientsChecking, self._advance)
        self._feed.off(GradientsChecked, self._take)
        self._feed.state_changed.disconnect(self._update)
        self._feed.session_changed.disconnect(self.reject)
        self._document.checked.disconnect(self._offer)

    # -- asking --

    @property
    def busy(self) -> bool:
        """Whether a check is under way."""
        return self._request != 0

    def _offer(self) -> None:
        """The parameters of the network as it is now: data may still be read while the dialog is open."""
        names = _parameters(self._document.result)
        if names != self._offered and not self.busy:
            self._offered, self.report, self._asked = names, None, False
            self.tree.offer(names)
        self._update()

    def _check_or_cancel(self) -> None:
        if self.busy:
            self._cancel()
            return
        if self._feed.state in ("running", "loading"):
            self._feed.pause()
        self.report, self._request, self._asked = None, self._feed.next_request(), True
        self.tree.forget()
        self._progress.setRange(0, 0)
        wanted = self.entries.value()
        self._feed.current_session.check_gradients(
            self._request, parameters=self.tree.chosen, entries=None if wanted == "all" else int(wanted)
        )
        self._tell(self.tr("Taking the next batch…"))
        self._update()

    def _cancel(self) -> None:
        if self.busy and self._feed.has_session:
            self._feed.session.cancel_check(self._request)

    def _advance(self, event: GradientsChecking) -> None:
        if event.request == self._request:
            self._progress.setRange(0, max(1, event.total))
            self._progress.setValue(event.checked)
            words = self.tr("{0} of {1} numbers checked")
            self._tell(words.format(format_integer(event.checked), format_integer(event.total)))

    def _take(self, event: GradientsChecked) -> None:
        if event.request != self._request:
            return
        self._request, self._cancelled = 0, event.cancelled
        self._progress.setRange(0, 1)
        self._progress.setValue(0 if event.cancelled or event.error else 1)
        if event.error:
            self._tell(event.error, "error")
        elif event.report is not None:
            self.report = event.report
            self.tree.show_report(event.report)
            tone = "error" if event.report.wrong else "text"
            self._tell(summary(event.report, cancelled=event.cancelled), tone)
        self._update()

    # -- telling --

    def _tell(self, words: str, tone: str = "secondary") -> None:
        self._says.setText(words)
        set_tone(self._says, tone)  # type: ignore[arg-type]

    def _update(self) -> None:
        feed, result = self._feed, self._document.result
        running = feed.state in ("running", "loading")
        stale = feed.stale and feed.trained
        chosen = self.tree.chosen
        self.check.setText(
            self.tr("Cancel") if self.busy else self.tr("Pause and check") if running else self.tr("Check")
        )
        can = result.trainable and not stale and (chosen is None or bool(chosen))
        self.check.setEnabled(self.busy or can)
        self.check.setIcon(
            icon("close" if self.busy else "check", "on_accent" if self.check.isEnabled() else "disabled")
        )
        self.entries.setEnabled(not self.busy)
        for button in (self._copy, self._save):
            button.setEnabled(self.report is not None and bool(self.report.parameters))
        self.check.setToolTip("")
        if not self.busy and not self._asked:
            self._say_first(running=running, stale=stale)

    def _say_first(self, *, running: bool, stale: bool) -> None:
        if not self._document.result.trainable:
            self._tell(self.tr("This network cannot be trained yet: mend its problems first."), "warning")
        elif stale:
            words = self.tr("The graph has changed since the training began: apply the changes, or restart, first.")
            self._tell(words, "warning")
        elif running:
            self._tell(self.tr("The training is paused for the check."))
        else:
            self._tell(self.tr("The weights stay as they are."))
        self.check.setToolTip(plain_tooltip(self._says.text()))

    # -- taking away --

    def copy(self) -> None:
        """Put what was found on the clipboard."""
        if self.report is not None:
            QGuiApplication.clipboard().setText(as_text(self.report, cancelled=self._cancelled))

    def _ask_path(self) -> None:
        start = (self._document.folder or Path.home()) / "gradient-check.csv"
        path = ask_save_path(self, self.tr("Save the gradient check"), start, self.tr("CSV (*.csv)"), ".csv")
        if path is not None:
            self.save(path)

    def save(self, path: Path) -> None:
        """Write the table, off the GUI thread."""
        if self.report is None:
            return
        header, rows = as_table(self.report)
        saved = self.tr("Saved {0}.").format(path.name)
        run_in_background(
            lambda: save_table(header, rows, path),
            lambda _none: _told(notices().success(saved)),
            lambda error: _told(notices().failure(error)),
        )


def _parameters(result: Result) -> list[str]:
    """Of all blocks that the loss depends on, frozen ones too, in the order of the network."""
    trained = dict.fromkeys(name for phase in result.phases for name in phase.update)
    names: list[str] = []
    for path in result.order:
        plan = result.nodes[path]
        if path in result.live and plan.weights_path == path:
            names += [name for name in trained if name.rpartition(".")[0] == path]
            names += [f"{path}.{short}" for short in sorted(plan.frozen)]
    return names


def _told(_notice: Notice) -> None:
    """Nothing more is to be done."""
