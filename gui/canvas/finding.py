"""Looking for what is on the canvas: by name, kind, parameter, problem, or the words of frames and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

from engine import decorations
from engine.block import block_named
from engine.decorations import Frame
from engine.graph import Node, Project
from engine.problem import Problem
from engine.result import Result

Place = Literal["block", "decor"]


@final
@dataclass(frozen=True, slots=True)
class Found:
    """A block, frame or note that was found.

    Attributes:
        place: which of them.
        name: its id.
        why: what matched, as it is shown: the kind, `kernel_size = 3`, a problem's message; "" for the name itself.
    """

    place: Place
    name: str
    why: str = ""


def find(project: Project, result: Result, text: str) -> list[Found]:
    """What has all the words of a text, best first: names that begin so, names, kinds, parameters, problems, texts.

    Among equals it is in file order. No words find nothing.
    """
    words = text.lower().split()
    if not words:
        return []
    problems: dict[str, list[Problem]] = {}
    for problem in result.problems:
        if problem.node is not None:
            problems.setdefault(problem.node.split(".", 1)[0], []).append(problem)
    ranked: list[tuple[int, Found]] = []
    for node in project.graph.ordered_nodes():
        plan = result.nodes.get(node.id)
        params = plan.params if plan is not None else node.params
        best = _best(words, _texts(node, params, problems.get(node.id, ())))
        if best is not None:
            ranked.append((best[0], Found("block", node.id, best[1])))
    for item in decorations.decorations(project.layout).values():
        words_of = item.title if isinstance(item, Frame) else item.text
        if _has(words, words_of.lower()):
            ranked.append((_OTHER, Found("decor", item.id, "" if isinstance(item, Frame) else _line(words_of, words))))
    ranked.sort(key=lambda entry: entry[0])
    return [found for _, found in ranked]


_NAME, _KIND, _PARAM, _PROBLEM, _OTHER = 1, 2, 3, 4, 5

_Text = tuple[int, str, str]
"""Rank, what is searched, what is shown of it."""


def _texts(node: Node, params: Mapping[str, Any], problems: Iterator[Problem] | Any) -> Iterator[_Text]:
    yield _NAME, f"{node.id} {node.label}", ""
    yield _KIND, node.block, node.block
    block = block_named(node.block)
    if block is not None:
        yield _KIND, block.category, block.category
    if node.bypass:
        yield _KIND, "muted", "muted"
    for name, value in params.items():
        shown = _value(value)
        yield _PARAM, f"{name} = {shown} {name}={shown} {name} {shown}", f"{name} = {shown}"
    for problem in problems:
        yield _PROBLEM, f"{problem.code} {problem.severity} {problem.message}", problem.message


def _best(words: list[str], texts: Iterator[_Text]) -> tuple[int, str] | None:
    """Rank and words of the best text that has all the words; one may be in the name and another elsewhere."""
    whole: list[str] = []
    best: tuple[int, str] | None = None
    for rank, text, shown in texts:
        lowered = text.lower()
        whole.append(lowered)
        if _has(words, lowered):
            starts = rank == _NAME and any(part.startswith(words[0]) for part in lowered.split())
            candidate = (0 if starts else rank, shown)
            best = candidate if best is None or candidate[0] < best[0] else best
    if best is None and len(words) > 1 and _has(words, " ".join(whole)):
        best = (_OTHER, "")
    return best


def _has(words: list[str], text: str) -> bool:
    return all(word in text for word in words)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "×".join(_value(part) for part in value[:8]) if all(_is_plain(part) for part in value[:8]) else "…"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)[:80]


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float | str)


def _line(text: str, words: list[str]) -> str:
    """The first line of a note that has one of the words."""
    return next((line.strip() for line in text.splitlines() if any(word in line.lower() for word in words)), "")
