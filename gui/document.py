"""The current project, its history and what the engine says of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine import files
from engine.dataspec import DataFacts
from engine.facts import FactsCache
from engine.graph import Project, Touched
from engine.plan import check
from engine.problem import FileError, Problem
from engine.references import follow_weights
from engine.result import Result
from engine.settings import FRESH
from gui.background import run_aside

NOTHING: Touched = frozenset()


@final
@dataclass(frozen=True, slots=True)
class Change:
    """What an edit (or its undoing) changed.

    Attributes:
        touched: ids of nodes whose plan or look may differ, wires at them included.
        moved: ids of nodes at another place, and of frames and notes that differ.
        renamed: old id -> new id.
        paths: where more than ids is renamed (a group made of blocks, a block inside a group): all old paths -> new
            paths. What was learned follows these.
        level: the uses of groups inside of which it was made; the ids are of that place. The top is ().
        whole: everything may differ (frames, notes, settings, groups): look at the project afresh.
    """

    touched: Touched = NOTHING
    moved: Touched = NOTHING
    renamed: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    paths: tuple[tuple[str, str], ...] = ()
    level: tuple[str, ...] = ()

    @property
    def path_renames(self) -> tuple[tuple[str, str], ...]:
        """Old path -> new path of everything renamed, seen from the top."""
        return self.paths or self.renamed

    def reversed(self) -> Change:
        """The change that undoing makes."""
        return replace(self, renamed=_backwards(self.renamed), paths=_backwards(self.paths))

    def joined(self, later: Change) -> Change:
        """Both changes as one."""
        return Change(
            self.touched | later.touched,
            self.moved | later.moved,
            self.renamed + later.renamed,
            self.whole or later.whole,
            self.path_renames + later.path_renames if self.paths or later.paths else (),
            later.level,
        )


def _backwards(renamed: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((new, old) for old, new in reversed(renamed))


def new_project() -> Project:
    """What is on the canvas before anything is: nothing, and settings with which small networks learn."""
    return Project(training=FRESH)


@final
class Document(QObject):
    """One project being edited. Every change goes through `edit`; undo swaps a reference.

    Signals:
        changed(Change): the project is another one now; emitted after `checked`.
        checked(Result): the engine looked at it again.
        replaced(): another document is here: new, opened or reverted.
        path_changed(): it has another name.
        clean_changed(bool): saved state.
        facts_wanted(list): (key, Input params) of the data files that have to be read (`RunFeed` does).
    """

    changed = Signal(object)
    checked = Signal(object)
    replaced = Signal()
    path_changed = Signal()
    clean_changed = Signal(bool)
    facts_wanted = Signal(object)

    def __init__(self, project: Project | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project = project or new_project()
        self._path: Path | None = None
        self._folder: Path | None = None
        self._facts = FactsCache(None)
        self._merge_series = 0
        self._tried: tuple[Result, Project, Touched, Result] | None = None
        """The last trial: what it set out from, the project with its touched ids, and what was found."""
        self.is_replaying = True
        """Whether a change that comes now is one of the history's, not an edit of the moment."""
        self.undo_stack = QUndoStack(self)
        self.undo_stack.cleanChanged.connect(self.clean_changed)
        self._result = check(self._project, self._facts.lookup)

    # -- reading --

    @property
    def project(self) -> Project:
        """The current value."""
        return self._project

    @property
    def result(self) -> Result:
        """What the engine says of the current project."""
        return self._result

    @property
    def path(self) -> Path | None:
        """Where it was opened or saved; None for a new document and for a pristine copy of an example."""
        return self._path

    @property
    def folder(self) -> Path | None:
        """What relative data paths start from."""
        return self._folder

    @property
    def is_clean(self) -> bool:
        """Whether everything is saved."""
        return self.undo_stack.isClean()

    @property
    def title(self) -> str:
        """The file's name, or the project's, or `Untitled`."""
        if self._path is not None:
            return self._path.name
        return self._project.name or self.tr("Untitled")

    def moment(self, index: int) -> Project:
        """The project after so many steps of the history; 0 is where it began."""
        stack = self.undo_stack
        if not stack.count():
            return self._project
        command = stack.command(max(index - 1, 0))
        assert isinstance(command, _EditCommand)
        return command.after if index else command.before

    def trial(self, project: Project, touched: Touched) -> Result:
        """What the engine would say of another project, made from this one by an edit with these touched ids."""
        known = self._tried_before(project, touched)
        if known is None:
            known = check(project, self._facts.lookup, self._result, touched)
            self._tried = (self._result, project, touched, known)
        return known

    def _tried_before(self, project: Project, touched: Touched) -> Result | None:
        """The answer of the last trial, if it was about this: what is tried is often done next, at another place."""
        if self._tried is None:
            return None
        base, tried, others, result = self._tried
        alike = base is self._result and touched <= others and _is_planned_alike(project, tried)
        return result if alike else None

    # -- editing --

    def edit(
        self,
        text: str,
        project: Project,
        touched: Touched = NOTHING,
        *,
        moved: Touched = NOTHING,
        renamed: tuple[tuple[str, str], ...] = (),
        whole: bool = False,
        merge: str = "",
    ) -> None:
        """Make `project` the current one as one undo step named `text`.

        Steps in a row with the same non-empty `merge` become one (a spin box turned, a text typed), until `end_merge`.
        """
        self.make(text, project, Change(touched, moved, renamed, whole), merge)

    def make(self, text: str, project: Project, change: Change, merge: str = "") -> None:
        """Make `project` the current one, as `edit` does, where there is more to say of the change."""
        if _is_same(project, self._project, change):
            return
        series = f"{merge}#{self._merge_series}" if merge else ""
        command = _EditCommand(self._set, text, self._project, project, change, series)
        self.is_replaying = False
        try:
            self.undo_stack.push(command)
        finally:
            self.is_replaying = True

    def end_merge(self) -> None:
        """What comes next is an undo step of its own: the user turned to something else."""
        self._merge_series += 1

    def _set(self, project: Project, change: Change) -> None:
        before = self._project
        if project.weights == before.weights or not self._has_weights(project.weights):
            # A later save may have replaced that file, or the names in it; undo brings no file back.
            former = follow_weights(before.former, change.path_renames) if before.weights else project.former
            if (project.weights, project.former) != (before.weights, former):
                project = replace(project, weights=before.weights, former=former)
        self._project = project
        if not _is_planned_alike(before, self._project):
            # Ids inside a group mean nothing to the check, which finds the uses of changed groups by itself.
            touched = NOTHING if change.level else change.touched
            self._check(None if change.whole else touched, afresh=change.whole and not change.level)
        self.changed.emit(change)

    def _has_weights(self, name: str) -> bool:
        return not name or ((self._folder or Path()) / name).is_file()

    def _check(self, touched: Touched | None, *, afresh: bool = False) -> None:
        known = self._tried_before(self._project, touched) if touched is not None and not afresh else None
        previous = None if afresh else self._result
        self._result = known or check(self._project, self._facts.lookup, previous, touched)
        self._tried = None
        self.checked.emit(self._result)
        self.ask_for_facts()

    def ask_for_facts(self) -> None:
        """Emit `facts_wanted` for what nobody has been asked for yet."""
        pending = self._facts.pending()
        if pending:
            self.facts_wanted.emit(pending)

    def put_facts(self, key: str, facts: DataFacts | Problem) -> None:
        """A data file was read: check the Input blocks again."""
        self._facts.put(key, facts)
        self._tried = None
        inputs = frozenset(self._result.nodes[path].node for path in self._result.inputs)
        self._check(inputs)
        self.changed.emit(Change(touched=inputs))

    def recheck(self) -> None:
        """Look at everything again (a data file was moved or changed)."""
        self._facts = FactsCache(self._folder)
        self._check(None, afresh=True)
        self.changed.emit(Change(touched=frozenset(self._project.graph.nodes)))

    # -- files --

    def replace(self, project: Project, path: Path | None = None, folder: Path | None = None) -> None:
        """Another document, with an empty history. `folder` is what relative data paths start from."""
        self._project, self._path = project, path
        self._folder = path.parent if path is not None else folder
        self._facts = FactsCache(self._folder)
        self._tried = None
        self._result = check(project, self._facts.lookup)
        self.undo_stack.clear()
        self.undo_stack.setClean()
        self.replaced.emit()
        self.checked.emit(self._result)
        self.path_changed.emit()
        self.clean_changed.emit(True)
        self.ask_for_facts()

    def recover(self, project: Project, path: Path | None, folder: Path | None = None) -> None:
        """A recovered document stands where it was, with the recovery as one unsaved step away from what was saved."""
        saved = Project(weights=project.weights)
        if path is not None:
            with suppress(FileError):
                saved = run_aside(lambda: files.load(path))
        self.replace(saved, path, folder)
        self.edit(self.tr("Recover"), project, whole=True)

    def open(self, path: Path) -> None:
        """Read a graph file; the window goes on painting meanwhile.

        Raises:
            FileError: the file is missing or damaged; the current document stays.
        """
        project = run_aside(lambda: files.load(path))
        self.replace(project, path)

    def open_copy(self, path: Path) -> None:
        """Read a graph file as a new, unnamed document (an example). Raises FileError."""
        self.replace(run_aside(lambda: files.load(path)), None, path.parent)

    def save(self, path: Path, weights: dict[str, Any] | None = None) -> None:
        """Write the project, atomically. Raises FileError; nothing is changed then.

        `weights`, by `block.parameter`, become the start values: that is an edit, which undo takes back.
        """
        project, folder = self._project, self._folder
        saved = run_aside(lambda: files.save(project, path, weights, folder=folder))
        self._path, self._folder = path, path.parent
        if self._project is project:
            if weights is not None:
                self.edit(self.tr("Start from the trained weights"), saved, frozenset(saved.graph.nodes))
            else:  # the same start values, though they may lie in another place now
                self._project = saved
            self.undo_stack.setClean()
        self.path_changed.emit()
        self.clean_changed.emit(self.undo_stack.isClean())
        if folder != path.parent:  # relative data paths start from here now
            self.recheck()


def _is_planned_alike(one: Project, other: Project) -> bool:
    """Whether all that a check looks at is the same. What an edit leaves alone it shares, which is seen at once."""
    shared = one.graph is other.graph and one.groups is other.groups and one.parameters is other.parameters
    return shared and one.training == other.training and one.weights == other.weights


def _is_same(one: Project, other: Project, change: Change) -> bool:
    """Whether a change changes nothing. Most that do can be told by what they touch, in however large a graph."""
    if one.graph is not other.graph:
        for mine, yours in (
            (one.graph.nodes, other.graph.nodes),
            (one.graph.into, other.graph.into),
            (one.graph.out_of, other.graph.out_of),
        ):
            if any(mine.get(node_id) != yours.get(node_id) for node_id in change.touched):
                return False
    if any(one.layout.nodes.get(node_id) != other.layout.nodes.get(node_id) for node_id in change.moved):
        return False
    return one == other


@final
class _EditCommand(QUndoCommand):
    """Holds the value before and after; neither knows how to change anything."""

    def __init__(
        self,
        document_set: Callable[[Project, Change], None],
        text: str,
        before: Project,
        after: Project,
        change: Change,
        merge: str,
    ) -> None:
        super().__init__(text)
        self._set = document_set
        self.before, self.after, self.change, self.merge = before, after, change, merge

    def id(self) -> int:
        return hash(self.merge) & 0x7FFFFFFF if self.merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _EditCommand) or other.merge != self.merge:
            return False
        self.after, self.change = other.after, self.change.joined(other.change)
        self.setObsolete(_is_same(self.after, self.before, self.change))
        return True

    def redo(self) -> None:
        self._set(self.after, self.change)

    def undo(self) -> None:
        self._set(self.before, self.change.reversed())
