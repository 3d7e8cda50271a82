"""What the canvas shows: the top of the document, or the inside of a group that was opened in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from engine.graph import Project, Touched
from engine.levels import OUTPUTS, Level, Renames, focus, group_at, prefix_of, put
from engine.planning.groupuse import parse_use
from engine.problem import GraphError, Problem
from engine.result import Result
from gui.document import NOTHING, Change, Document
from gui.inside import inside
from gui.notices import notices


@final
class LevelView(QObject):
    """A document as seen from one level: the same project, result, edits and signals, for the graph at that place.

    At the top everything is passed through as it is. Inside a group ids are those of the group's blocks, shapes and
    problems those of the path through which it was entered, and an edit is an edit of the group's definition.

    Attributes:
        document: the whole.
        path: the uses of groups that lead here, from the top; `turns`: which repetition of each is looked at.

    Signals:
        changed(Change), checked(Result): as of a document.
        replaced(): another graph is shown: another document, or another level.
        moved(): the level is another one, or its name is.
    """

    changed = Signal(object)
    checked = Signal(object)
    replaced = Signal()
    moved = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.path: Level = ()
        self.turns: tuple[int, ...] = ()
        self._prefix = ""
        self._seen: tuple[Project, Project] | None = None
        self._judged: tuple[Result, Result] | None = None
        document.replaced.connect(self._replaced)
        document.changed.connect(self._changed)
        document.checked.connect(self._checked)

    # -- reading, as of a document --

    @property
    def project(self) -> Project:
        """The project whose graph is shown."""
        whole = self.document.project
        if not self.path:
            return whole
        if self._seen is None or self._seen[0] is not whole:
            self._seen = (whole, focus(whole, self.path, self._prefix))
        return self._seen[1]

    @property
    def result(self) -> Result:
        """What the engine says of the blocks that are shown."""
        whole = self.document.result
        if not self.path:
            return whole
        if self._judged is None or self._judged[0] is not whole:
            self._judged = (whole, inside(whole, self.project, self._prefix, self.use_path))
        return self._judged[1]

    @property
    def folder(self) -> Path | None:
        """What relative data paths start from."""
        return self.document.folder

    @property
    def undo_stack(self) -> QUndoStack:
        """The document's."""
        return self.document.undo_stack

    @property
    def prefix(self) -> str:
        """What the paths of the blocks here begin with: `res.0.`, "" at the top."""
        return self._prefix

    @property
    def use_path(self) -> str:
        """The path of the use that was entered last: `res`."""
        return (prefix_of(self.document.project, self.path[:-1], self.turns) + self.path[-1]) if self.path else ""

    @property
    def group(self) -> str:
        """The name of the group that is shown; "" at the top."""
        return group_at(self.document.project, self.path) if self.path else ""

    def repeats(self) -> int:
        """How often the use that was entered last is repeated."""
        if not self.path:
            return 1
        outer = focus(self.document.project, self.path[:-1], "")
        return parse_use(outer.graph.node(self.path[-1]).params).repeat

    def trial(self, project: Project, touched: Touched) -> Result:
        """What the engine would say of another project, made from this one by an edit with these touched ids."""
        if not self.path:
            return self.document.trial(project, touched)
        try:
            whole, _ = put(self.document.project, self.path, self._prefix, project)
        except GraphError as error:
            problem = Problem("error", "G12", OUTPUTS, None, error.message, error.hint)
            return replace(self.result, problems=(problem, *self.result.problems))
        view = focus(whole, self.path, self._prefix)
        return inside(self.document.trial(whole, frozenset({self.path[0]})), view, self._prefix, self.use_path)

    # -- editing --

    def edit(
        self,
        text: str,
        project: Project,
        touched: Touched = NOTHING,
        *,
        moved: Touched = NOTHING,
        renamed: Renames = (),
        whole: bool = False,
        merge: str = "",
    ) -> None:
        """Make an edited `project` the current one, as `Document.edit` does. Inside a group that edits all its uses."""
        self.make(text, project, Change(touched, moved, renamed, whole), merge)

    def make(self, text: str, project: Project, change: Change, merge: str = "") -> None:
        """Make an edited `project` the current one, as `Document.make` does; names in `change` are those used here."""
        if self.path:
            try:
                project, paths = put(
                    self.document.project, self.path, self._prefix, project, (*change.renamed, *change.paths)
                )
            except GraphError as error:
                notices().failure(error, self.tr("Nothing was changed."))
                return
            change = replace(change, paths=paths, level=self.path)
            merge = merge and f"{'.'.join(self.path)} {merge}"
        self.document.make(text, project, change, merge)

    def make_everywhere(self, text: str, make: Callable[[Project], Project]) -> str:
        """Edit the document's groups as such, at all uses. Returns why that cannot be; "" when it was done."""
        try:
            project = make(self.document.project)
        except GraphError as error:
            return str(error)
        self.document.make(text, project, Change(whole=True, level=self.path))
        return ""

    def end_merge(self) -> None:
        """What comes next is an undo step of its own."""
        self.document.end_merge()

    # -- going to another level --

    def enter(self, node_id: str) -> bool:
        """Open a group that stands here. Returns whether it is one that can be opened."""
        return self.go((*self.path, node_id), self.turns)

    def up(self) -> str | None:
        """Leave the group; returns the use that stands for it outside, None at the top."""
        if not self.path:
            return None
        left = self.path[-1]
        self.go(self.path[:-1], self.turns)
        return left

    def go(self, path: Level, turns: Sequence[int] = ()) -> bool:
        """Show another level, looking at these repetitions. False when there is none such."""
        if path:
            try:
                group_at(self.document.project, path)
            except GraphError:
                return False
        chosen = (*turns, *(0 for _ in path))[: len(path)]
        if (path, chosen) != (self.path, self.turns):
            self._show(path, chosen)
        return True

    def _show(self, path: Level, turns: tuple[int, ...]) -> None:
        self.path, self.turns = path, turns
        self._refresh()
        self.replaced.emit()
        self.moved.emit()

    def _refresh(self) -> None:
        self._seen = self._judged = None
        self._prefix = prefix_of(self.document.project, self.path, self.turns)

    # -- following the document --

    def _replaced(self) -> None:
        self.path, self.turns = (), ()
        self._refresh()
        self.replaced.emit()
        self.moved.emit()

    def _checked(self, result: Result) -> None:
        if not self.path:
            self.checked.emit(result)
        elif self._stands():
            self.checked.emit(self.result)

    def _stands(self) -> bool:
        """Goes up to where there still is a group; whether that was here."""
        for length in range(len(self.path), 0, -1):
            try:
                group_at(self.document.project, self.path[:length])
            except GraphError:
                continue
            if length == len(self.path):
                self._refresh()
                return True
            self._show(self.path[:length], self.turns[:length])
            return False
        self._show((), ())
        return False

    def _changed(self, change: Change) -> None:
        level = change.level
        tells = bool(change.touched or change.moved or change.renamed or change.whole)
        if self.document.is_replaying and tells and level != self.path and self.go(level, self.turns):
            return
        if not self._stands_at(level):
            self.changed.emit(Change(whole=tells))
            return
        self.changed.emit(change)
        if change.whole:
            self.moved.emit()

    def _stands_at(self, level: Level) -> bool:
        """Whether a change told in the ids of that level can be told on as it is."""
        if not self.path:
            return not level
        return self._stands() and level == self.path
