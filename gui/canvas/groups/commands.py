"""What can be done with groups: each one edit of the document, so one undo step."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import TypeVar, final

from PySide6.QtCore import QCoreApplication, QPointF

from engine import edits, files, groupedits
from engine.graph import Project
from engine.grouping import collapse, ungroup
from engine.levels import is_boundary
from engine.problem import ChainruleError
from engine.references import GROUP
from gui import group_folder
from gui.canvas.geometry import snapped
from gui.canvas.groups.apart import with_room
from gui.canvas.groups.navigator import Navigator
from gui.canvas.stage import Stage
from gui.document import Change
from gui.file_dialogs import ask_save_path, folder_of
from gui.notices import notices

T = TypeVar("T")


def _tr(text: str) -> str:
    return QCoreApplication.translate("GroupCommands", text)


@final
class GroupCommands:
    """The verbs of groups, for keys, menus, inspector and palette."""

    def __init__(self, stage: Stage, navigator: Navigator) -> None:
        self._stage = stage
        self.navigator = navigator
        self._seen: tuple[object, object, list[str]] = (None, None, [])
        """The nodes and the selection that were asked about last, and the answer: it is asked for at every edit."""

    # -- what is selected --

    @property
    def chosen(self) -> list[str]:
        """The selected blocks that a group can hold, in the order of the file."""
        nodes, ids = self._stage.document.project.graph.nodes, self._stage.selection.ids
        if self._seen[0] is not nodes or self._seen[1] is not ids:
            found = (nodes[node_id] for node_id in ids if node_id in nodes)
            chosen = [node.id for node in sorted(found, key=attrgetter("rank")) if not is_boundary(node)]
            self._seen = (nodes, ids, chosen)
        return list(self._seen[2])

    @property
    def chosen_groups(self) -> list[str]:
        """The selected blocks that are uses of groups."""
        graph = self._stage.document.project.graph
        return [node_id for node_id in self.chosen if graph.node(node_id).block == GROUP]

    @property
    def single(self) -> str | None:
        """The selected use of a group, if it alone is selected."""
        return self.chosen_groups[0] if len(self._stage.selection.ids) == 1 and self.chosen_groups else None

    # -- making and taking apart --

    def group(self) -> None:
        """Make one block of the selected ones."""
        if not self.chosen:
            return
        project = self._placed()
        made = _tried(lambda: collapse(project, self.chosen, _tr("Group")), _tr("These blocks cannot become a group."))
        if made is not None:
            change = Change(made.touched, frozenset(made.made), paths=made.paths)
            text = _tr("Group {0} blocks") if len(self.chosen) > 1 else _tr("Make a group of one block")
            self._stage.document.make(text.format(len(self.chosen)), made.project, change)
            self._stage.selection.set(made.made)

    def ungroup(self) -> None:
        """Put the blocks of the selected groups in their places."""
        groups, project = self.chosen_groups, self._placed()
        change, made = Change(), list[str]()
        for node_id in groups:
            before = project
            done = _tried(
                lambda before=before, node_id=node_id: ungroup(before, node_id),  # type: ignore[misc]
                _tr("This group cannot be taken apart."),
            )
            if done is None:
                return
            project, aside, bent = with_room(self._stage, before, done.project, node_id, done.made, done.touched)
            change = change.joined(Change(done.touched | bent, aside.union(done.made), paths=done.paths))
            made += done.made
        if groups:
            text = groups[0] if len(groups) == 1 else _tr("{0} groups").format(len(groups))
            self._stage.document.make(_tr("Ungroup {0}").format(text), project, change)
            self._stage.selection.set(made)

    def make_independent(self, node_id: str | None = None) -> None:
        """Give a use a definition of its own, a copy of the one it had."""
        use = node_id or self.single
        if use is None:
            return
        project, touched, name = groupedits.make_independent(self._stage.document.project, use)
        text = _tr("Make {0} independent").format(use)
        self._stage.document.make(text, project, Change(touched))
        notices().info(_tr('"{0}" has a group of its own now: {1}.').format(use, name))

    # -- adding --

    def add_use(self, name: str, at: QPointF | None = None) -> str | None:
        """Add another use of one of the document's groups. Returns its id; None when it would contain itself."""
        level, before = self._stage.document, self._stage.document.project
        project, touched, node_id = groupedits.add_use(self._placed(), name, self._corner(at))
        level.make(_tr("Add {0}").format(node_id), project, Change(touched, frozenset({node_id})))
        if level.project is before:
            return None  # it was refused
        self._select({node_id})
        return node_id

    def add_file(self, path: Path, at: QPointF | None = None) -> bool:
        """Add what a file of a group holds; groups of a name that is taken come under another."""
        fragment = _tried(lambda: group_folder.read(path), _tr("Nothing was added."))
        if fragment is None:
            return False
        project, touched, ids = edits.paste(self._placed(), fragment, self._corner(at))
        added = frozenset(ids.values())
        change = Change(touched, added, whole=True)
        before = self._stage.document.project
        self._stage.document.make(_tr("Add {0}").format(path.stem), project, change)
        if self._stage.document.project is before:
            return False  # it was refused
        self._select(added)
        return True

    def _corner(self, at: QPointF | None) -> tuple[float, float]:
        place = at if at is not None else self._stage.camera.centre
        return (snapped(place.x() - 80.0), snapped(place.y() - 28.0))

    def _select(self, ids: set[str] | frozenset[str]) -> None:
        self._stage.scene.choose_wires(())
        self._stage.selection.set(ids)
        for node_id in ids:
            if node_id in self._stage.scene.blocks:
                self._stage.camera.reveal(self._stage.scene.blocks[node_id].area)
                return

    # -- keeping --

    def group_of(self, node_id: str | None = None) -> str | None:
        """The group that a use stands for: the selected one's unless told, or else the one that is open."""
        level, use = self._stage.document, node_id or self.single
        if use is None:
            return level.group or None
        name = level.project.graph.node(use).params.get("group")
        return name if isinstance(name, str) and name in level.project.groups else None

    def save_to_palette(self, node_id: str | None = None) -> Path | None:
        """Keep a group among the user's own, beside others of its name. Returns the file."""
        name = self.group_of(node_id)
        if name is None:
            return None
        path = group_folder.file_for(name, self._text_of(name))
        return self.save_to(path, node_id, _tr('"{0}" is in the palette now.').format(path.stem))

    def save_to(self, path: Path, node_id: str | None = None, told: str = "") -> Path | None:
        """Write a group to a file of its own, with all groups it uses. Returns the file; None when it could not be."""
        name = self.group_of(node_id)
        if name is None:
            return None
        text = self._text_of(name)
        done = _tried(lambda: group_folder.write(path, text), _tr("The group was not saved."))
        if done is None:
            return None
        notices().info(told or _tr("Saved {0}.").format(path.name))
        return path

    def _text_of(self, name: str) -> str:
        fragment = groupedits.group_fragment(self._stage.document.document.project, name)
        return files.dump_fragment(fragment, frozenset(fragment.graph.nodes))

    def save_as_file(self, node_id: str | None = None) -> None:
        """Ask for a file and write a group to it."""
        name = self.group_of(node_id)
        if name is None:
            return
        start = folder_of(self._stage.document.document.path) / group_folder.file_for(name).name
        view, patterns = self._stage.scene.views()[0], _tr("Chainrule files (*.chainrule)")
        chosen = ask_save_path(view, _tr("Save the group"), start, patterns, group_folder.SUFFIX)
        if chosen is not None:
            self.save_to(chosen, node_id)

    def do(self, verb: str, node_id: str) -> None:
        """What the inspector asks for: `open`, `independent`, `keep` or `file`."""
        verbs: dict[str, Callable[[str], object]] = {
            "open": self.navigator.open,
            "independent": self.make_independent,
            "keep": self.save_to_palette,
            "file": self.save_as_file,
        }
        verbs[verb](node_id)

    def _placed(self) -> Project:
        return self._stage.scene.with_places(self._stage.document.project)


def _tried(make: Callable[[], T], otherwise: str) -> T | None:
    """What was made; None, with a message, when it could not be."""
    try:
        return make()
    except ChainruleError as error:
        notices().failure(error, otherwise)
        return None
