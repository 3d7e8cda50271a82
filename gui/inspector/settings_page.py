"""The inspector of the whole graph: its data, training settings, and what can be changed while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from engine import edits, settings
from engine.settings import TRAINING
from gui.document import Document
from gui.format import format_bytes, format_integer
from gui.inspector.checkpoints_part import CheckpointsPart
from gui.inspector.fast_part import FastPart
from gui.inspector.form import ParamForm
from gui.inspector.machine_part import NAMES, MachinePart
from gui.run_feed import RunFeed
from gui.theme import set_kind, set_role, theme
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.section import Section
from gui.widgets.switch import Switch
from gui.widgets.value_line import ValueLine

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "optimizer": (
        "optimizer",
        "lr",
        "momentum",
        "nesterov",
        "beta1",
        "beta2",
        "alpha",
        "rho",
        "weight_decay",
        "eps",
    ),
    "batches": ("batch_size", "epochs", "shuffle", "drop_last", "seed"),
    "schedule": (
        "schedule",
        "schedule_step",
        "schedule_gamma",
        "schedule_patience",
        "schedule_min_lr",
        "schedule_warm",
        "warmup_steps",
    ),
    "limits": ("clip_norm", "clip_value", "early_stopping", "monitor", "patience", "metrics"),
    "machine": NAMES,
}
LEAST_NOTES: Final = 64
MOST_NOTES: Final = 220
NOTES_FRAME: Final = 32
"""What the border, the padding and the margin of the text take on both sides together."""


@final
class SettingsPage(QWidget):
    """Shown while no block is selected. What `engine.settings.LIVE` names reaches a running training at once.

    Attributes:
        fast: the switch of fast-forward.
    """

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._feed = document, feed
        self._machine = MachinePart(feed)
        self._machine.edited.connect(self._edit)
        self.forms: dict[str, ParamForm] = {"machine": self._machine.form}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._make_head()
        self._make_forms()
        self._make_rest()
        self._column.addStretch(1)
        document.replaced.connect(self._replaced)
        feed.session_changed.connect(self._forget_run)
        theme().changed.connect(self._rescale)
        self._rescale()

    # -- making --

    def _make_head(self) -> None:
        self._name = ValueLine()
        self._name.setObjectName("projectName")
        self._name.setAccessibleName(self.tr("Title of the network"))
        self._name.setPlaceholderText(self.tr("Title of the network"))
        set_kind(self._name, "title")
        set_role(self._name, "title")
        self._name.editingFinished.connect(self._rename)
        self._column.addWidget(self._name)
        hint = self.tr("Settings of the whole network. Select a block to see its own.")
        self._column.addWidget(text_label(hint, "caption", "secondary", wrap=True))
        self._make_notes()
        self._data = text_label("", "caption", wrap=True)
        self._data.setObjectName("dataSummary")
        self.preview = QPushButton(self.tr("Look at the data…"))
        self.preview.setObjectName("previewData")
        data = Section(self.tr("Data"))
        data.body.addWidget(self._data)
        data.body.addWidget(self.preview)
        self._column.addWidget(data)

    def _make_notes(self) -> None:
        """First of all, for they say what an example is about; without any, folded."""
        self._notes = QPlainTextEdit()
        self._notes.setObjectName("projectNotes")
        self._notes.setAccessibleName(self.tr("Notes"))
        self._notes.setPlaceholderText(self.tr("What this network is about, what to try …"))
        self._notes.setTabChangesFocus(True)
        self._notes.textChanged.connect(self._note)
        self._notes.textChanged.connect(self._rescale)
        self._notes_section = Section(self.tr("Notes"), expanded=bool(self._document.project.notes))
        self._notes_section.body.addWidget(self._notes)
        self._column.addWidget(self._notes_section)

    def _make_forms(self) -> None:
        titles = {
            "optimizer": self.tr("Optimizer"),
            "batches": self.tr("Batches and epochs"),
            "schedule": self.tr("Learning rate schedule"),
            "limits": self.tr("Early stopping, limits, metrics"),
            "machine": self.tr("Device and memory"),
        }
        for key, title in titles.items():
            section = Section(title, expanded=key in ("optimizer", "batches"))
            section.setObjectName(f"section_{key}")
            section.body.addWidget(self._machine if key == "machine" else self._make_form(key))
            self._column.addWidget(section)
            if key == "batches":
                self._make_switches()
            elif key == "machine":
                section.toggled.connect(lambda on: self._machine.look() if on else None)

    def _make_form(self, key: str) -> ParamForm:
        form = self.forms[key] = ParamForm({name: TRAINING[name] for name in GROUPS[key]})
        form.edited.connect(self._edit)
        return form

    def _make_rest(self) -> None:
        section = Section(self.tr("Checkpoints"), expanded=False)
        section.setObjectName("section_checkpoints")
        section.body.addWidget(CheckpointsPart(self._feed))
        self._column.addWidget(section)

    def _make_switches(self) -> None:
        """What belongs to this training, not to the network; a section of their own, before what is folded."""
        self._dropout = Switch(self.tr("Dropout and noise off"))
        self._dropout.setObjectName("dropoutOff")
        self._dropout.setToolTip(plain_tooltip(self.tr("Only while it trains: see what the network does without them")))
        self._dropout.toggled.connect(lambda on: self._feed.override("dropout_off", on))
        self._dropout.toggled.connect(lambda _on: self._show_switches())
        self.fast = FastPart(self._feed)
        self._switches = Section(self.tr("While it trains"))
        self._switches.setObjectName("section_switches")
        self._switches.body.addWidget(self.fast)
        self._switches.body.addWidget(self._dropout)
        self._column.addWidget(self._switches)

    def _rescale(self) -> None:
        """As high as the notes are long, within limits."""
        notes, look = self._notes, theme()
        room = QRect(0, 0, max(1, notes.width() - look.px(NOTES_FRAME)), 1 << 16)
        long = notes.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), notes.toPlainText() + " ").height()
        height = long + look.px(NOTES_FRAME)
        notes.setFixedHeight(min(max(height, look.px(LEAST_NOTES)), look.px(MOST_NOTES)))
        # A bar that comes while the form is still narrow would make the lines shorter, and so stay.
        fits = height <= look.px(MOST_NOTES)
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if fits else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        notes.setVerticalScrollBarPolicy(policy)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._rescale()

    # -- filling --

    def refresh(self, *, fresh: bool = False) -> None:
        """Show the settings as they are; `fresh`: those of another document."""
        project, result = self._document.project, self._document.result
        if fresh or not (self._name.hasFocus() and self._name.isModified()):
            self._name.setText(project.name)
            self._name.setCursorPosition(0)
        if self._notes.toPlainText() != project.notes:
            self._notes.blockSignals(True)
            self._notes.setPlainText(project.notes)
            self._notes.blockSignals(False)
            self._rescale()
        faults = dict(settings.parse(project.training)[1])
        for form in self.forms.values():
            form.set_values(result.settings, fresh=fresh)
            form.set_faults(faults)
        self._machine.show_result(result)
        self._show_switches()
        self._show_data()

    def _show_switches(self) -> None:
        result = self._document.result
        random = any(plan.recipe is not None and plan.recipe.random for plan in result.nodes.values())
        self.fast.show_result(result, dropout_off=self._dropout.isChecked())
        self.fast.setVisible(self.fast.possible)
        self._dropout.setVisible(random)
        self._switches.setVisible(self.fast.possible or random)

    def _show_data(self) -> None:
        result = self._document.result
        lines = []
        for path in result.inputs:
            plan = result.nodes[path]
            what = f"{path}: {plan.summary}"
            if plan.facts is not None:
                train, val, test = (format_integer(count) for count in plan.facts.counts)
                what += "\n" + self.tr("{0} training · {1} validation · {2} test").format(train, val, test)
                if plan.facts.streamed:
                    what += "\n" + self.tr("streamed from disk, {0}").format(format_bytes(plan.facts.streamed))
            lines.append(what)
        none = self.tr("None yet: drag an Input block onto the canvas.")
        if result.trainable:
            none = self.tr("None: the network computes from its own values, and an epoch is one step.")
        self._data.setText("\n".join(lines) or none)
        self.preview.setVisible(bool(lines))

    def _replaced(self) -> None:
        self.refresh(fresh=True)
        self._notes_section.set_expanded(bool(self._document.project.notes))

    def _forget_run(self) -> None:
        """Another session: what was switched for the old one is off."""
        self.fast.forget_refusal()
        for switch in (self._dropout, self.fast.switch):
            switch.setChecked(False)

    # -- editing --

    def _edit(self, name: str, value: Any, merges: bool) -> None:
        project, touched = edits.set_training(self._document.project, {name: value})
        text = self.tr("Set {0}").format(TRAINING[name].label or name.replace("_", " "))
        self._document.edit(text, project, touched, merge=f"training.{name}" if merges else "")

    def _rename(self) -> None:
        self._name.setModified(False)
        project, touched = edits.set_meta(self._document.project, name=self._name.text().strip())
        self._document.edit(self.tr("Rename the network"), project, touched)

    def _note(self) -> None:
        project, touched = edits.set_meta(self._document.project, notes=self._notes.toPlainText())
        self._document.edit(self.tr("Edit the notes"), project, touched, merge="notes")
