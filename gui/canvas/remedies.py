"""What can be done about a wire that was refused, as buttons of its hint."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.graph import Project, Touched, Wire
from gui.canvas.fitting import Refusal
from gui.canvas.stage import HintAction, Stage
from gui.fixes import apply_fix, fix_label


def _tr(text: str) -> str:
    return QCoreApplication.translate("Remedies", text)


def remedies(stage: Stage, refusal: Refusal, project: Project, touched: Touched, wire: Wire) -> list[HintAction]:
    """The quick fix, where the check offers one, and drawing the wire all the same.

    Args:
        stage: where.
        refusal: why the wire was refused.
        project: the project with the wire drawn.
        touched: what that touches.
        wire: the wire.
    """
    problem = refusal.problem
    if problem is None:
        return []
    document, before = stage.document, stage.document.project

    def connect() -> None:
        stage.hints.hush()
        if document.project is before:
            text = _tr("Connect {0} to {1}").format(wire.from_node, wire.to_node)
            document.edit(text, project, touched)

    def mend() -> None:
        stage.hints.hush()
        if document.project is before:
            mended, change = apply_fix(stage.scene.with_places(project), problem)
            more, moved, renamed = touched | change.touched, change.moved, change.renamed
            document.edit(fix_label(problem), mended, more, moved=moved, renamed=renamed)

    found: list[HintAction] = []
    if fix_label(problem):
        found.append((fix_label(problem), mend))
    return [*found, (_tr("Connect anyway"), connect)]
