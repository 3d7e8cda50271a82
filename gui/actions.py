"""Every action of the window that is not the canvas's own, with its name, icon and shortcut."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import final

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence, QUndoStack
from PySide6.QtWidgets import QWidget

from gui.icons import icon


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)


@final
@dataclass(frozen=True, slots=True)
class Actions:
    """The actions, by what they do. Their object names (`actionOpen`, …) are relied on by other programs."""

    new: QAction
    open: QAction
    import_model: QAction
    save: QAction
    save_as: QAction
    save_weights: QAction
    export_pytorch: QAction
    export_weights: QAction
    export_picture: QAction
    export_mermaid: QAction
    print_: QAction
    quit: QAction
    undo: QAction
    redo: QAction
    play: QAction
    step: QAction
    step_back: QAction
    timeline: QAction
    stop: QAction
    reset: QAction
    apply: QAction
    restart: QAction
    load_run: QAction
    resume_run: QAction
    keep_runs: QAction
    show_run: QAction
    watch: QAction
    train_elsewhere: QAction
    fast_forward: QAction
    backprop: QAction
    check_gradients: QAction
    save_step: QAction
    presentation: QAction
    next_part: QAction
    part_before: QAction
    preview: QAction
    formula: QAction
    compare_file: QAction
    compare_saved: QAction
    commands: QAction
    shortcuts: QAction
    tour: QAction
    messages: QAction
    about: QAction


def tip_of(action: QAction) -> str:
    """What an action does and by which keys, for a tool tip."""
    text = action.text().replace("&", "").rstrip("…")
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return f"{text} ({keys})" if keys else text


def _make(
    window: QWidget, name: str, text: str, icon_name: str = "", keys: str | QKeySequence.StandardKey = ""
) -> QAction:
    action = QAction(text, window)
    action.setObjectName(f"action{name}")
    if icon_name:
        action.setIcon(icon(icon_name))
    sequence = QKeySequence(keys)
    if not sequence.isEmpty():
        action.setShortcut(sequence)
        action.setToolTip(tip_of(action))
    window.addAction(action)
    return action


def _dress(window: QWidget, action: QAction, name: str, keys: QKeySequence.StandardKey) -> QAction:
    """One of the undo stack's own, which keeps its text up to date."""
    action.setObjectName(f"action{name.capitalize()}")
    action.setIcon(icon(name))
    action.setShortcuts(QKeySequence.keyBindings(keys))
    window.addAction(action)
    return action


def make_actions(window: QWidget, undo_stack: QUndoStack) -> Actions:
    """All actions, added to the window so that their shortcuts work everywhere in it."""
    make = partial(_make, window)
    standard = QKeySequence.StandardKey
    actions = Actions(
        new=make("New", _tr("&New"), "new", standard.New),
        open=make("Open", _tr("&Open…"), "open", standard.Open),
        import_model=make("ImportModel", _tr("&Import ONNX…"), "import"),
        save=make("Save", _tr("&Save"), "save", standard.Save),
        save_as=make("SaveAs", _tr("Save &as…"), "", "Ctrl+Shift+S"),
        save_weights=make("SaveWeights", _tr("Save with trained &weights")),
        export_pytorch=make("ExportPytorch", _tr("&PyTorch code…"), "code"),
        export_weights=make("ExportWeights", _tr("&Weights…"), "download"),
        export_picture=make("ExportPicture", _tr("P&icture…"), "image", "Ctrl+Shift+E"),
        export_mermaid=make("ExportMermaid", _tr("&Mermaid text…")),
        print_=make("Print", _tr("&Print…"), "", standard.Print),
        quit=make("Quit", _tr("&Quit"), "", "Ctrl+Q"),
        undo=_dress(window, undo_stack.createUndoAction(window, _tr("&Undo")), "undo", standard.Undo),
        redo=_dress(window, undo_stack.createRedoAction(window, _tr("&Redo")), "redo", standard.Redo),
        play=make("Play", _tr("&Play"), "play", "Ctrl+Return"),
        step=make("Step", _tr("&Step"), "step", "Ctrl+."),
        step_back=make("StepBack", _tr("Step ba&ck"), "step-back", "Ctrl+,"),
        timeline=make("Timeline", _tr("Go through ti&me"), "clock", "Ctrl+Shift+T"),
        stop=make("Stop", _tr("S&top"), "stop", "Ctrl+Shift+Return"),
        reset=make("Reset", _tr("&Reset"), "reset", "Ctrl+R"),
        apply=make("Apply", _tr("&Apply"), "check", "Ctrl+Shift+A"),
        restart=make("Restart", _tr("R&estart"), "refresh", "Ctrl+Shift+R"),
        resume_run=make("ResumeRun", _tr("Res&ume a run…")),
        load_run=make("LoadRun", _tr("Load &weights from a run…")),
        keep_runs=make("KeepRuns", _tr("&Keep runs on disk")),
        show_run=make("ShowRun", _tr("Show run &folder")),
        watch=make("Watch", _tr("Watc&h a run elsewhere…"), "eye"),
        train_elsewhere=make("TrainElsewhere", _tr("Train e&lsewhere…"), "upload"),
        fast_forward=make("FastForward", _tr("Fast-f&orward")),
        backprop=make("Backprop", _tr("Step through &backpropagation"), "backprop", "Ctrl+Shift+B"),
        check_gradients=make("CheckGradients", _tr("Check &gradients…"), "gradient", "Ctrl+Shift+K"),
        save_step=make("SaveStep", _tr("Sa&ve this step…"), "download", "Ctrl+Alt+S"),
        presentation=make("Presentation", _tr("Pres&entation mode"), "presentation", "F11"),
        next_part=make("NextPart", _tr("Ne&xt part of the window"), "", "F6"),
        part_before=make("PartBefore", _tr("Pa&rt of the window before"), "", "Shift+F6"),
        preview=make("PreviewData", _tr("Look at the &data…"), "table", "Ctrl+Shift+D"),
        formula=make("Formula", _tr("For&mula…"), "expression", "Ctrl+Shift+M"),
        compare_file=make("CompareFile", _tr("With a &file…")),
        compare_saved=make("CompareSaved", _tr("With what is &saved")),
        commands=make("Commands", _tr("&Command palette…"), "search", "Ctrl+Shift+P"),
        shortcuts=make("Shortcuts", _tr("&Keyboard shortcuts…"), "", "Ctrl+/"),
        tour=make("Tour", _tr("Three-step &tour"), "tour"),
        messages=make("Messages", _tr("&Messages so far…"), "info"),
        about=make("About", _tr("&About Chainrule")),
    )
    for action in (actions.backprop, actions.timeline, actions.presentation, actions.keep_runs):
        action.setCheckable(True)
        action.setIconVisibleInMenu(False)  # it would stand where the tick is
    return actions
