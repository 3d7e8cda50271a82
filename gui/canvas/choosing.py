"""Looking for a block to add: which are offered where it is wanted, and what becomes of the choice."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from gui import group_folder
from gui.canvas import adding
from gui.canvas.fuzzy import Offer
from gui.canvas.group_offers import GroupOffer
from gui.canvas.groups.commands import GroupCommands
from gui.canvas.placing import free_place
from gui.canvas.search import BlockSearch
from gui.canvas.stage import Stage, Wish


def choose(stage: Stage, groups: GroupCommands, search: BlockSearch, wish: Wish) -> None:
    """Open the search where a block is wanted, and add what is chosen there."""

    def take(offer: Offer | GroupOffer) -> None:
        if isinstance(offer, Offer):
            adding.add_block(stage, offer.block.kind, wish, offer.params)
        elif offer.path is None:
            groups.add_use(offer.name, _middle(stage, wish))
        else:
            groups.add_file(offer.path, _middle(stage, wish))

    at = stage.camera.to_view(wish.at).toPoint()
    search.open(at, adding.prompt(wish), take, adding.accepts(stage, wish), group_offers(stage, wish))


def group_offers(stage: Stage, wish: Wish) -> list[GroupOffer]:
    """The groups of the network and the user's own; none where a block has to fit a port, a wire or a place."""
    if wish.port is not None or wish.wire is not None or wish.replaces:
        return []
    level = stage.document
    here = [GroupOffer(name) for name in sorted(level.project.groups) if name != level.group]
    return [*here, *(GroupOffer(path.stem, path) for path in group_folder.listed())]


def _middle(stage: Stage, wish: Wish) -> QPointF:
    """Where the middle of a group's block goes: where it was pointed at, or where there is room."""
    if not wish.beside:
        return wish.at
    area = adding.area_at(wish.at)
    return wish.at + free_place(area.topLeft(), adding.SIZE, stage.scene.is_taken) - area.topLeft()
