"""Small controls used all over the window."""

from gui.widgets.card import Card
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import ElidedLabel, plain_tooltip, text_label
from gui.widgets.legend import LegendEntry, ScaleBar
from gui.widgets.number_edit import IntEdit, Limits, NumberEdit
from gui.widgets.search_field import SearchField
from gui.widgets.section import Section
from gui.widgets.segmented import Segmented
from gui.widgets.switch import Switch

__all__ = [
    "Card",
    "ElidedLabel",
    "EmptyState",
    "IntEdit",
    "LegendEntry",
    "Limits",
    "NumberEdit",
    "ScaleBar",
    "SearchField",
    "Section",
    "Segmented",
    "Switch",
    "plain_tooltip",
    "text_label",
]
