"""The status bar: problems, saved state and what the machine does on the left, the size of the network on the right."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QStatusBar, QToolButton, QWidget

from engine.events import StateChanged
from engine.result import Result
from engine.snapshots import KernelMaking, Progress
from gui.docks import Docks
from gui.document import Document
from gui.format import format_bytes, format_count, format_integer
from gui.icons import icon
from gui.problems import ProblemList
from gui.run_feed import RunFeed
from gui.screen_reader import say
from gui.theme import set_kind, set_role, set_tone, theme
from gui.thread_label import ThreadLabel
from gui.widgets.labels import PartsLabel, plain_tooltip


@final
class StatusBar(QStatusBar):
    """One line, always true."""

    def __init__(
        self, document: Document, feed: RunFeed, problems: ProblemList, docks: Docks, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._feed = document, feed
        self._problems = QToolButton(self)
        self._problems.setObjectName("problemCount")
        set_kind(self._problems, "small")
        self._problems.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._problems.clicked.connect(lambda: docks.show("problems"))
        self._saved, self._doing, self._engine = QLabel(self), QLabel(self), QLabel(self)
        self._engine.setObjectName("stepEngine")
        self._threads = ThreadLabel(feed, self)
        self._size = PartsLabel("mono_caption", "secondary", self)
        self._size.setObjectName("networkSize")
        for label in (self._saved, self._doing, self._engine):
            set_role(label, "caption")
            set_tone(label, "secondary")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setContentsMargins(6, 0, 6, 0)  # else they read as one sentence
        self.addWidget(self._problems)
        self.addWidget(self._saved)
        self.addWidget(self._doing)
        self.addWidget(self._engine)
        self.addWidget(self._threads, 1)
        self.addPermanentWidget(self._size, 2)
        problems.counted.connect(self._show_count)
        document.checked.connect(self._show_size)
        document.clean_changed.connect(self._show_saved)
        document.path_changed.connect(self._show_saved)
        feed.on(StateChanged, self._show_state)
        feed.on(Progress, self._show_engine)
        feed.on(KernelMaking, self._show_making)
        self._making = False
        self._told: Progress | None = None
        feed.session_changed.connect(self._forget_run)
        feed.away_told.connect(self._doing.setText)
        problems_now = document.result
        self._show_count(
            len(problems_now.errors), sum(problem.severity == "warning" for problem in problems_now.problems)
        )
        self._show_size(document.result)
        self._show_saved()

    def _show_count(self, errors: int, warnings: int) -> None:
        if errors:
            name, color, tone = "error", "error_text", "error"
        elif warnings:
            name, color, tone = "warning", "warning_text", "warning"
        else:
            name, color, tone = "success", "secondary", "secondary"
        parts = []
        if errors:
            parts.append(self.tr("1 problem") if errors == 1 else self.tr("{0} problems").format(errors))
        if warnings:
            parts.append(self.tr("1 warning") if warnings == 1 else self.tr("{0} warnings").format(warnings))
        counts = ", ".join(parts) or self.tr("No problems")
        self._problems.setText(f" {counts}")
        self._problems.setAccessibleName(counts)
        self._problems.setIcon(icon(name, color))
        self._problems.setIconSize(QSize(theme().px(14), theme().px(14)))
        set_tone(self._problems, "error" if tone == "error" else "warning" if tone == "warning" else "secondary")

    def _show_saved(self) -> None:
        if not self._document.is_clean:
            text = self.tr("Unsaved changes")
        elif self._document.path is None:
            text = self.tr("Not saved yet")
        else:
            text = self.tr("Saved")
        self._saved.setText(text)

    def _show_making(self, event: KernelMaking) -> None:
        self._making = event.going and self._feed.away is None
        if self._making:
            tip = self.tr("Machine code for this network is being made.")
            self._say_engine(self.tr("Preparing fast-forward…"), tip)
        elif self._told is not None:
            self._show_engine(self._told)
        else:
            self._say_engine("", "")

    def _show_state(self, event: StateChanged) -> None:
        words = {
            "loading": self.tr("Loading…"),
            "ready": "",
            "running": self.tr("Training"),
            "paused": self.tr("Paused"),
            "finished": self.tr("Training finished"),
            "failed": self.tr("Training stopped by a problem"),
            "closed": "",
        }
        self._doing.setText(event.message or words[event.state])
        if event.state in ("finished", "failed"):
            say(self, self._doing.text())

    def _show_engine(self, event: Progress) -> None:
        self._told = event
        if self._making:
            return
        if self._feed.away is not None:
            word = tip = ""  # another machine makes the steps
        elif event.engine == "fast":
            word = self.tr("Fast-forward")
            tip = self.tr(
                "A kernel made for this network makes many steps at once. Its numbers equal PyTorch's to rounding; now "
                "and then PyTorch makes the same step, and takes over should they differ."
            )
        elif event.engine == "captured":
            word = self.tr("Captured")
            tip = self.tr(
                "Each step runs as one program without Python: several times faster for small networks, and the same "
                "to the bit as PyTorch makes it."
            )
        else:
            word = self.tr("Eager")
            tip = self.tr("PyTorch makes the steps operation by operation.")
        self._say_engine(word, tip)

    def _say_engine(self, word: str, tip: str) -> None:
        if word != self._engine.text():
            self._engine.setText(word)
            self._engine.setToolTip(plain_tooltip(tip))

    def _forget_run(self) -> None:
        self._making, self._told = False, None
        self._doing.setText("")
        self._say_engine("", "")

    def _show_size(self, result: Result) -> None:
        if not result.nodes:
            self._size.set_parts([])
            self._size.setToolTip("")
            return
        one = result.parameters == 1
        parts = [self.tr("1 parameter") if one else self.tr("{0} parameters").format(format_integer(result.parameters))]
        if result.macs is not None:
            one = result.macs == 1
            many = self.tr("{0} multiply-adds a sample").format(format_count(result.macs))
            parts.append(self.tr("1 multiply-add a sample") if one else many)
        if result.activation_bytes is not None:
            parts.append(self.tr("{0} of activations a sample").format(format_bytes(result.activation_bytes)))
        self._size.set_parts(parts)
        self._size.setToolTip(plain_tooltip("\n".join(parts)))
