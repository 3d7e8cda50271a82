"""One training step as a page of HTML: self-contained, without scripts, well-formed as XML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any, final

from PySide6.QtCore import QCoreApplication

from engine.moments import Moment, Step
from engine.settings import TRAINING
from gui.backprop.parts import Fault, Formulas, Numbers, Part, Said, array_of, parts_of
from gui.backprop.symbols import SIGNS, Arrays
from gui.backprop.words import headline, told
from gui.format import format_integer, format_number
from gui.report.figures import Figures
from gui.report.outline import formula
from gui.report.style import style


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Nobody wants the page any more."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """Everything that a page is made of; nothing of it changes any more.

    Attributes:
        title: of the network.
        picture: the network as an SVG file.
        step, arrays, phases: the step, its tensors by key, and of which phase each moment is.
        made: number of updates made before this step.
        sample: the one sample that it is of, from 0; None: the whole batch.
        settings: of the training, by name.
        parameters: how many numbers are learned.
        notes: of the author, about the network.
    """

    title: str
    picture: bytes
    step: Step
    arrays: Arrays
    phases: tuple[str, ...]
    made: int
    sample: int | None
    settings: Mapping[str, Any]
    parameters: int
    notes: str = ""


Advance = Callable[[int], None]
"""Told how many moments are written. Raises Cancelled."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Report", text)


def html(content: Content, advance: Advance) -> Iterator[bytes]:
    """The page in pieces, one a moment. May run in any thread. Raises what `advance` raises."""
    title = _tr("{0}: one training step").format(content.title)
    yield (
        '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{style()}</style></head><body>\n"
    ).encode()
    yield _head(content).encode()
    figures = Figures()
    for name, moments in _chapters(content):
        yield f'<h2 id="part-{moments[0].index}">{escape(name)}</h2>\n'.encode()
        for moment in moments:
            yield _moment(content, moment, figures).encode()
            advance(moment.index + 1)
    yield (
        f"<footer>{escape(_tr('Made with Chainrule. Every number is that of the training itself.'))}</footer>"
        "</body></html>\n"
    ).encode()


# -- the head --


def _head(content: Content) -> str:
    size = _tr("a batch of {0} samples").format(format_integer(content.step.samples))
    if content.sample is not None:
        size = _tr("sample {0} of the batch").format(content.sample + 1)
    elif content.step.samples == 1:
        size = _tr("one sample")
    lead = _tr("One training step, taken apart: update {0}, {1}, {2} parameters, loss {3}.").format(
        format_integer(content.made + 1),
        size,
        format_integer(content.parameters),
        format_number(content.step.loss, 6),
    )
    notes = f"<p>{escape(content.notes)}</p>" if content.notes else ""
    return (
        f'<h1>{escape(content.title)}</h1><p class="lead">{escape(lead)}</p>{notes}{_faults(content.step)}\n'
        f"<h2>{escape(_tr('Network'))}</h2>"
        f'<div class="network">{inline(content.picture)}</div>\n'
        f"<h2>{escape(_tr('Settings'))}</h2>{_settings(content.settings)}\n"
        f"<h2>{escape(_tr('Contents'))}</h2>{_contents(content)}\n"
    )


def _faults(step: Step) -> str:
    return "".join(f'<p class="fault">{escape(error)}</p>' for error in step.errors)


def inline(svg: bytes) -> str:
    """An SVG file as an element of the page: without what comes before its first tag."""
    text = svg.decode("utf-8")
    return text[text.index("<svg") :].strip()


def _settings(values: Mapping[str, Any]) -> str:
    """What was set and means something: of plain SGD no beta."""
    pairs = []
    for name, param in TRAINING.items():
        value = values.get(name)
        if param.visible(values) and value is not None and value != ():
            label = param.label or name.replace("_", " ")
            pairs.append(f"<dt>{escape(label)}</dt><dd>{escape(_setting(value))}</dd>")
    return f"<dl>{''.join(pairs)}</dl>"


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return _tr("yes") if value else _tr("no")
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return format_number(value) if isinstance(value, float) else str(value)


def _contents(content: Content) -> str:
    lines = []
    for name, moments in _chapters(content):
        entries = "".join(
            f'<li><a href="#moment-{each.index}">{SIGNS[content.phases[each.index]]} {escape(headline(each))}</a></li>'
            for each in moments
        )
        lines.append(f'<h4><a href="#part-{moments[0].index}">{escape(name)}</a></h4><ol>{entries}</ol>')
    return f"<nav>{''.join(lines)}</nav>"


def _chapters(content: Content) -> Iterator[tuple[str, list[Moment]]]:
    """The moments in order. Updates stand with the way back: each follows as soon as its gradient is there."""
    names = {"forward": _tr("Forward"), "loss": _tr("Loss")}
    back = _tr("Backward, and the updates")
    for name, run in groupby(content.step.moments, lambda moment: names.get(content.phases[moment.index], back)):
        yield name, list(run)


# -- moments --


def _moment(content: Content, moment: Moment, figures: Figures) -> str:
    phase = content.phases[moment.index]
    parts = "".join(_part(part, content.arrays, figures) for part in parts_of(content.step, moment, content.arrays))
    return (
        f'<section class="{phase}" id="moment-{moment.index}"><h3>{SIGNS[phase]} {escape(headline(moment))}</h3>'
        f'<p class="quiet">{escape(told(moment))}</p>{parts}</section>\n'
    )


def _part(part: Part, arrays: Arrays, figures: Figures) -> str:
    match part:
        case Said(text, look):
            return f'<p class="{look}">{escape(text)}</p>'
        case Fault(title, text, after):
            return (
                f'<div class="fault"><strong>{escape(title)}</strong><p>{escape(text)}</p><p>{escape(after)}</p></div>'
            )
        case Formulas(title, lines):
            drawn = "".join(formula(line) for line in lines)
            return f'<h4>{escape(title)}</h4><div class="formulas">{drawn}</div>'
        case Numbers(title, values, indent):
            made = figures.figure(title, values, array_of(values, arrays))
            return made.replace("<figure>", '<figure class="term">', 1) if indent else made
