"""What tells a run apart from another, in the few words that people use for it: `lr 0.1`, `tanh`, `Adam`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from engine import settings
from engine.block import block_named
from engine.compare import GraphDifference, compare
from engine.graph import Graph, Node, Project
from engine.param import Bool, Choice, Param, parse_all
from engine.wording import number_text, plural, shown

COUNTED: Final = frozenset({"units", "groups", "points", "epochs"})
"""Names and units that say all behind a number: `8 units`, where a batch size of 8 would be `8 samples`."""
NO_MATTER: Final = frozenset({"metrics", "threads"})
"""Settings that change what is measured, and how fast; not what is learned."""
_LONGEST: Final = 24


def distinction(other: Project, project: Project) -> tuple[str, ...]:
    """What `project` has where it differs from `other`: `("lr 0.1", "tanh", "no Dropout")`, the training's first.

    Names, notes and places do not count; nor do settings without effect, as a momentum that the optimizer lacks.
    """
    found = compare(other, project)
    if found.same:
        return ()
    words = [*_training(other.training, project.training)] if found.settings else []
    words += _graph(other.graph, project.graph, found.graph)
    for name, difference in found.groups.items():
        words += [
            f"{name}: {text}" for text in _graph(other.groups[name].graph, project.groups[name].graph, difference)
        ]
    # A definition that only one of them has is used by a block of its own, or by none.
    if (other.weights, other.parameters) != (project.weights, project.parameters):
        words.append("other start values")
    return tuple(dict.fromkeys(words))


def _training(other: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[str]:
    before, after = settings.parse(other)[0], settings.parse(own)[0]
    names = [name for name in settings.TRAINING if name not in NO_MATTER]
    yield from (text for _, text in _params(settings.TRAINING, names, before, after))
    for key in ("objective", "phases"):
        if other.get(key) != own.get(key):
            yield f"other {key}"


def _params(
    params: Mapping[str, Param], names: Iterable[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """(name, words) of each parameter that is another and means something beside the others."""
    for name in names:
        param = params[name]
        if before[name] != after[name] and param.visible(after):
            yield name, _words(name, param, after, before[name])


def _words(name: str, param: Param, values: Mapping[str, Any], other: Any) -> str:
    value, title = values[name], name.replace("_", " ")
    if isinstance(param, Bool):
        return title if value else f"no {title}"
    if value is None:
        return f"{title} {param.emptied(values)}".rstrip() if param.emptied(values) else f"no {title}"
    if isinstance(param, Choice):
        label = param.labels[param.options.index(value)] if param.labels else value
        return label if name in ("optimizer", "function", "dataset") else f"{title} {label}"
    counted = next((word for word in (param.unit, name) if word in COUNTED), None)
    if counted is not None:
        return plural(value, counted.removesuffix("s"))
    text = _text(value) if _text(value) != _text(other) else shown(value)
    return f"{title} {text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}"


def _text(value: Any) -> str:
    """Four digits of a number."""
    if isinstance(value, float):
        mantissa, _, power = f"{value:.4g}".partition("e")
        return f"{mantissa}e{int(power)}" if power else mantissa
    if isinstance(value, int):
        return number_text(value)
    return value if isinstance(value, str) else shown(value)


def _graph(other: Graph, own: Graph, found: GraphDifference) -> list[str]:
    words = _changed(own, [(other.nodes[name], own.nodes[name]) for name in found.changed if name in other])
    words += [_several(kind, count) for kind, count in Counter(own.nodes[name].block for name in found.added).items()]
    words += [f"no {_several(kind, count)}" for kind, count in Counter(node.block for node in found.removed).items()]
    if not words and (found.wires_added or found.wires_removed):
        words.append("other wires")
    return words


def _several(kind: str, count: int) -> str:
    return kind if count == 1 else f"{count} {kind}"


def _changed(own: Graph, pairs: list[tuple[Node, Node]]) -> list[str]:
    """Words for blocks that are in both graphs.

    A change that is the same in several blocks is said once. Else it says which block, unless that is the only one of
    its kind.
    """
    kinds = Counter(node.block for node in own.nodes.values()) if pairs else Counter()
    told = [(key, new, text) for old, new in pairs for key, text in _node(old, new)]
    texts: dict[object, list[str]] = {}
    for key, _, text in told:
        texts.setdefault(key, []).append(text)
    return [
        text
        if len(set(texts[key])) == 1 and (len(texts[key]) > 1 or kinds[new.block] == 1)
        else f"{_title(new)} {text}"
        for key, new, text in told
    ]


def _title(node: Node) -> str:
    return node.label or node.id


def _node(old: Node, new: Node) -> Iterator[tuple[tuple[str, str], str]]:
    """(kind and what of it, words) of each change; a change of its name alone has none."""
    block = block_named(new.block)
    if old.block != new.block:
        yield (new.block, ""), new.block
    elif block is not None:
        before, after = parse_all(block.params, old.params)[0], parse_all(block.params, new.params)[0]
        yield from (((new.block, name), text) for name, text in _params(block.params, block.params, before, after))
    if old.bypass != new.bypass:
        yield (new.block, "bypass"), "muted" if new.bypass else "not muted"
    for name in sorted(old.frozen ^ new.frozen):
        yield (new.block, f"{name} frozen"), f"{name} {'frozen' if name in new.frozen else 'trained'}"
