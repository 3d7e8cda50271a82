"""The inspector of the whole graph: training settings, and what can be changed while it trains."""

from __future__ import annotations

from typing import Any, final

from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from engine import edits
from engine.settings import LIVE, TRAINING
from gui.document import Document
from gui.inspector.form import ParamForm
from gui.run_feed import RunFeed
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.section import Section
from gui.widgets.switch import Switch

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("optimizer", ("optimizer", "lr", "momentum", "nesterov", "beta1", "beta2", "alpha", "rho", "weight_decay", "eps")),
    ("batches", ("batch_size", "epochs", "shuffle", "drop_last", "seed", "dtype", "device")),
    (
        "schedule",
        (
            "schedule",
            "schedule_step",
            "schedule_gamma",
            "schedule_patience",
            "schedule_min_lr",
            "schedule_warm",
            "warmup_steps",
        ),
    ),
    ("limits", ("clip_norm", "clip_value", "early_stopping", "monitor", "patience", "metrics")),
)


@final
class SettingsPage(QWidget):
    """Shown while no block is selected. A setting in `engine.settings.LIVE` reaches a running training at once."""

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._feed = document, feed
        self._forms: list[ParamForm] = []
        self._name = self._title_edit()
        hint = QLabel(self.tr("Settings of the whole network. Select a block to see its own."))
        hint.setWordWrap(True)
        set_role(hint, "caption")
        set_tone(hint, "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self._name)
        column.addWidget(hint)
        titles = {
            "optimizer": self.tr("Optimizer"),
            "batches": self.tr("Data and epochs"),
            "schedule": self.tr("Learning rate schedule"),
            "limits": self.tr("Limits and measures"),
        }
        for key, names in GROUPS:
            form = ParamForm({name: TRAINING[name] for name in names})
            form.edited.connect(self._edit)
            section = Section(titles[key], expanded=key in ("optimizer", "batches"))
            section.body.addWidget(form)
            self._forms.append(form)
            column.addWidget(section)
        self._dropout = Switch(self.tr("Dropout and noise off"))
        self._dropout.setObjectName("dropoutOff")
        self._dropout.setToolTip(self.tr("Only while it trains: see what the network does without them"))
        self._dropout.toggled.connect(lambda on: self._feed.set_live("dropout_off", on))
        column.addWidget(self._dropout)
        self._notes = self._notes_edit()
        notes = Section(self.tr("Notes"))
        notes.body.addWidget(self._notes)
        column.addWidget(notes)
        column.addStretch(1)
        self._notes.setMinimumHeight(theme().px(140))

    def _title_edit(self) -> QLineEdit:
        edit = QLineEdit()
        edit.setObjectName("projectName")
        edit.setAccessibleName(self.tr("Title of the network"))
        edit.setPlaceholderText(self.tr("Title of the network"))
        set_kind(edit, "title")
        set_role(edit, "title")
        edit.editingFinished.connect(self._rename)
        return edit

    def _notes_edit(self) -> QPlainTextEdit:
        edit = QPlainTextEdit()
        edit.setObjectName("projectNotes")
        edit.setPlaceholderText(self.tr("What this network is about, what to try …"))
        edit.setTabChangesFocus(True)
        edit.textChanged.connect(self._note)
        return edit

    def refresh(self) -> None:
        """Show the settings as they are."""
        project, values = self._document.project, self._document.result.settings
        if not (self._name.hasFocus() and self._name.isModified()):
            self._name.setText(project.name)
        if self._notes.toPlainText() != project.notes:
            self._notes.blockSignals(True)
            self._notes.setPlainText(project.notes)
            self._notes.blockSignals(False)
        for form in self._forms:
            form.set_values(values)
        self._dropout.setVisible(
            any(plan.recipe is not None and plan.recipe.random for plan in self._document.result.nodes.values())
        )

    def forget_run(self) -> None:
        """Another session: what was switched for the old one is off."""
        self._dropout.blockSignals(True)
        self._dropout.setChecked(False)
        self._dropout.blockSignals(False)

    def _edit(self, name: str, value: Any) -> None:
        project, touched = edits.set_training(self._document.project, {name: value})
        label = TRAINING[name].label or name
        before = self._document.project
        self._document.edit(self.tr("Set {0}").format(label), project, touched, merge=f"training.{name}")
        if name in LIVE and self._document.project is not before:
            self._feed.set_live(name, value)

    def _rename(self) -> None:
        self._name.setModified(False)
        project, touched = edits.set_meta(self._document.project, name=self._name.text().strip())
        self._document.edit(self.tr("Rename the network"), project, touched, merge="name")

    def _note(self) -> None:
        project, touched = edits.set_meta(self._document.project, notes=self._notes.toPlainText())
        self._document.edit(self.tr("Edit the notes"), project, touched, merge="notes")
