"""Renders every control, icon, text size and some formulas for people to look at.

`python -m tests.gui.gallery OUT.png --theme dark` (with `QT_SCALE_FACTOR=2` for fine screens).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import colormaps
from gui.colors import CATEGORIES
from gui.fonts import ROLES
from gui.formula import FormulaWidget
from gui.icons import CATEGORY_ICONS, icon, icon_names
from gui.notices import Notices
from gui.plot_style import curve_pen, style_plot
from gui.question import Choice, Question, QuestionDialog
from gui.theme import set_kind, set_role, set_tone, theme
from gui.toasts import ToastArea
from gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    IntEdit,
    LegendEntry,
    Limits,
    NumberEdit,
    ScaleBar,
    SearchField,
    Section,
    Segmented,
    Switch,
    text_label,
)

FORMULAS = (
    r"y = x W^{\top} + b",
    r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \odot (1 - a^2)",
    r"\hat{x} = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}",
    r"f(z) = \begin{cases} z & z > 0 \\ \alpha\,(e^z - 1) & \mathrm{otherwise} \end{cases}",
    r"L = -\frac{1}{N}\sum_{n=1}^{N} \log p_{n,t_n}",
    r"y_{n,k,i,j} = b_k + \sum_{c,u,v} w_{k,c,u,v}\, x_{n,c,\,i s+u,\,j s+v}",
)


def column(*widgets: QWidget, width: int = 0) -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    if width:
        box.setFixedWidth(theme().px(width))
    return box


def row(*widgets: QWidget) -> QWidget:
    box = QWidget()
    layout = QHBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return box


def section(title: str, *widgets: QWidget) -> QWidget:
    made = Section(title)
    for widget in widgets:
        made.body.addWidget(widget)
    return made


def button(text: str, kind: str = "", name: str = "", enabled: bool = True) -> QPushButton:
    made = QPushButton(text)
    if kind:
        set_kind(made, kind)
    if name:
        made.setIcon(icon(name, "on_accent" if kind == "primary" else None))
    made.setEnabled(enabled)
    return made


def tool(name: str, kind: str = "boxed", text: str = "", checked: bool = False, off: bool = False) -> QToolButton:
    made = QToolButton()
    set_kind(made, kind)
    made.setIcon(icon(name, "on_accent" if kind == "primary" else None))
    if text:
        made.setText(text)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    made.setCheckable(checked)
    made.setChecked(checked)
    made.setEnabled(not off)
    return made


def buttons() -> QWidget:
    grain = Segmented(
        [("operation", "operation"), ("sample", "sample"), ("batch", "batch"), ("epoch", "epoch")], "batch"
    )
    return section(
        "Buttons",
        row(button("Insert Reshape"), button("Save", "primary"), button("Why?", "quiet")),
        row(button("Discard", "danger"), button("Use ReLU here", "caution"), button("Disabled", enabled=False)),
        row(
            button("Export", name="export"), button("Train", "primary", "play"), button("Off", "primary", enabled=False)
        ),
        row(tool("reset"), tool("step-back"), tool("play", "primary", "Play"), tool("step"), tool("stop", off=True)),
        row(tool("undo", ""), tool("redo", "", off=True), tool("grid", "", checked=True), tool("more", "")),
        grain,
    )


def fields() -> QWidget:
    wrong = NumberEdit(0.5, Limits(minimum=0.0, maximum=1.0))
    wrong.lineEdit().setText("1.5")
    wrong.commit()
    combo = QComboBox()
    combo.addItems(["tanh", "relu", "sigmoid"])
    off = QComboBox()
    off.addItem("disabled")
    off.setEnabled(False)
    text = QLineEdit("dense1")
    named = QLineEdit()
    named.setPlaceholderText("Name")
    notes = QPlainTextEdit("Notes of the graph")
    notes.setFixedHeight(theme().px(54))
    return section(
        "Fields",
        SearchField("Search blocks (Tab)"),
        row(text, named),
        row(NumberEdit(0.041234567, log=True), NumberEdit(3e-6, unit="σ"), wrong),
        row(IntEdit(1000000), IntEdit(32, unit="px"), NumberEdit(None, Limits(optional=True))),
        row(combo, off),
        notes,
    )


def choices() -> QWidget:
    on, off, dead, half = QCheckBox("Shuffle"), QCheckBox("Drop last"), QCheckBox("Nesterov"), QCheckBox("Some")
    on.setChecked(True)
    dead.setEnabled(False)
    half.setTristate(True)
    half.setCheckState(Qt.CheckState.PartiallyChecked)
    first, second = QRadioButton("Classes"), QRadioButton("Numbers")
    first.setChecked(True)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(40)
    progress = QProgressBar()
    progress.setValue(62)
    progress.setTextVisible(False)
    disabled = Switch("Frozen", True)
    disabled.setEnabled(False)
    return section(
        "Choices",
        row(on, off, dead, half),
        row(first, second),
        row(Switch("Log axis", True), Switch("Smoothing"), disabled),
        slider,
        progress,
    )


def texts() -> QWidget:
    box = Card("card")
    for role in ROLES:
        sample = "0123456789 1.914 -0.0312 3e-6 N × 8" if "mono" in role else "Dense 1 → ReLU 1 · ∂L/∂w ≈ √Σ ∞ ∇ ⊙"
        box.body.addWidget(text_label(f"{role}: {sample}", role))
    tones = row(*[tone_label(tone) for tone in ("secondary", "accent", "positive", "negative")])
    more = row(*[tone_label(tone) for tone in ("error", "warning", "success", "disabled")])
    elided = ElidedLabel("A label too long for its place is cut and tells all on hover, if you wait a moment for it")
    return section("Type", box, tones, more, elided)


def tone_label(tone: str) -> QLabel:
    label = QLabel(tone)
    set_tone(label, tone)  # type: ignore[arg-type]
    return label


def icons() -> QWidget:
    grid = QWidget()
    layout = QGridLayout(grid)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(7)
    for index, name in enumerate(sorted(icon_names())):
        label = QLabel()
        label.setToolTip(name)
        label.setPixmap(icon(name).pixmap(QSize(18, 18), label.devicePixelRatioF()))
        layout.addWidget(label, index // 16, index % 16)
    hues = row(*[chip(category) for category in CATEGORIES])
    return section("Icons", grid, hues)


def chip(category: str) -> QWidget:
    label = QLabel()
    label.setPixmap(icon(CATEGORY_ICONS[category], category).pixmap(QSize(20, 20), label.devicePixelRatioF()))
    return row(label, text_label(category, "caption", "secondary"))


def formulas() -> QWidget:
    well = Card("well")
    well.body.setSpacing(12)
    well.body.addWidget(FormulaWidget(FORMULAS))
    narrow = Card("well")
    narrow.body.addWidget(FormulaWidget([FORMULAS[5], r"y = \undefined{x}"]))
    narrow.setFixedWidth(theme().px(230))
    return section("Formulas", well, row(narrow))


def lists() -> QWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels(["Problem", "Block"])
    error = QTreeWidgetItem(["Needs images but gets 784 numbers", "conv1"])
    error.setIcon(0, icon("error", "error"))
    parent = QTreeWidgetItem(["Warnings", ""])
    parent.addChild(QTreeWidgetItem(["Dead branch", "dense4"]))
    tree.addTopLevelItems([error, parent])
    tree.expandAll()
    tree.setCurrentItem(error)
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    tree.setFixedHeight(theme().px(130))
    table = QTableWidget(2, 3)
    table.setHorizontalHeaderLabels(["x1", "x2", "y"])
    for index in range(6):
        table.setItem(index // 3, index % 3, QTableWidgetItem(f"{index * 0.137:.3f}"))
    table.verticalHeader().setVisible(False)
    table.setFixedHeight(theme().px(110))
    set_role(table, "mono")
    entries = QListWidget()
    for name in ("dense1", "tanh1", "loss"):
        entries.addItem(name)
    entries.setFixedHeight(theme().px(92))
    tabs = QTabWidget()
    tabs.addTab(table, "Loss")
    tabs.addTab(entries, "Gradients")
    tabs.addTab(QWidget(), "Doctor 1")
    return section("Lists", tree, tabs)


def messages() -> QWidget:
    error = Card("error")
    error.body.addWidget(text_label("Conv 1 needs images but gets 784 numbers. Put a Reshape between them.", wrap=True))
    error.body.addWidget(row(button("Insert Reshape", "danger"), button("Why?", "quiet")))
    warning = Card("warning", "Vanishing gradient")
    warning.body.addWidget(text_label("dense1 learns 310,000 times slower than dense2.", wrap=True))
    warning.body.addWidget(row(button("Use ReLU here", "caution"), button("Show evidence", "quiet")))
    empty = Card("well")
    empty.body.addWidget(EmptyState("chart", "Loss", "Press Play and watch the loss fall.", ("Play", lambda: None)))
    return section("Messages", error, warning, empty)


def plots() -> QWidget:
    import pyqtgraph as pg

    plot = pg.PlotWidget()
    style_plot(plot.getPlotItem())
    x = np.arange(60)
    noise = np.random.default_rng(0).normal(0, 0.01, (2, 60))
    plot.plot(x, 0.9 * np.exp(-x / 15) + noise[0], pen=curve_pen("training"))
    plot.plot(x, 0.8 * np.exp(-x / 18) + 0.1 + noise[1], pen=curve_pen("validation", dashed=True))
    plot.setLabel("bottom", "epoch")
    plot.setFixedHeight(theme().px(150))
    legend = row(
        LegendEntry("training", "training", value="0.0412"), LegendEntry("validation", "validation", True, "0.0573")
    )
    palette = theme().palette
    return section(
        "Plots",
        legend,
        plot,
        ScaleBar("gradient", colormaps.health(palette), "1e-8", "1e2"),
        ScaleBar("weight", colormaps.diverging(palette), "-1", "1"),
        ScaleBar("value", colormaps.viridis(), "0", "1"),
    )


def menu() -> QMenu:
    made = QMenu()
    made.addAction(icon("undo"), "Undo").setShortcut("Ctrl+Z")
    made.addAction(icon("redo"), "Redo").setEnabled(False)
    made.addSeparator()
    made.addAction("Fit view")
    check = made.addAction("Snap to grid")
    check.setCheckable(True)
    check.setChecked(True)
    made.addMenu("Align")
    return made


def build() -> QWidget:
    """The whole gallery, with toasts in its corner."""
    page = QFrame()
    page.setObjectName("gallery")
    page.setStyleSheet(f"#gallery {{ background: {theme().palette.panel}; }}")
    layout = QHBoxLayout(page)
    layout.setContentsMargins(20, 20, 20, 20)
    layout.setSpacing(24)
    layout.addWidget(column(buttons(), fields(), choices(), width=370))
    layout.addWidget(column(texts(), icons(), lists(), width=500))
    layout.addWidget(column(formulas(), messages(), width=400))
    layout.addWidget(column(plots(), scroller(), width=400))
    door = Notices()
    host = ToastArea(page, door=door)
    host.setObjectName("toasts")
    door.info("Saved spiral.chainrule.")
    door.success("Training finished after 200 epochs: loss 0.041.")
    door.warn("The file has changed on disk.", actions=[("Reload", lambda: None)])
    door.error("The file could not be saved: no space left.", "Traceback", [("Try again", lambda: None)])
    return page


def scroller() -> QWidget:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(column(*[text_label(f"Row {index}") for index in range(12)]))
    area.setFixedHeight(theme().px(90))
    return section("Scrolling", area)


def main() -> None:
    """Draws the gallery, a menu and a question, and saves them as one picture each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    app = QApplication([])
    theme().set_reduce_motion(True)
    theme().set_mode(options.theme)
    theme().set_text_scale(options.scale)
    page = build()
    page.resize(page.sizeHint())
    page.show()
    until = time.monotonic() + 20
    while time.monotonic() < until and not all(it.ready for it in page.findChildren(FormulaWidget)):
        app.processEvents()
    for _ in range(8):  # a new height is passed on from layout to layout, one a round
        app.processEvents()
    page.resize(page.sizeHint())
    app.processEvents()
    page.grab().save(options.out)
    actions = menu()
    actions.popup(page.pos())
    app.processEvents()
    actions.grab().save(options.out.replace(".png", "-menu.png"))
    actions.close()
    choices_ = (Choice("discard", "Discard", "quiet"), Choice("cancel", "Cancel"), Choice("save", "Save", "primary"))
    asked = Question(
        "Save changes to spiral.chainrule?", "What you discard cannot be brought back.", choices_, "cancel"
    )
    dialog = QuestionDialog(asked, page)
    dialog.show()
    app.processEvents()
    dialog.grab().save(options.out.replace(".png", "-question.png"))


if __name__ == "__main__":
    main()
