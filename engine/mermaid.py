"""A graph as Mermaid text, which many wikis and READMEs draw: blocks by category, groups as subgraphs, shapes on wires.

Syntax: https://mermaid.js.org/syntax/flowchart.html. Everything that came from a file stands in quotes, escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from engine.block import block_named
from engine.copies import fragment_of
from engine.graph import Graph, Group, Node, Project
from engine.result import NodePlan, Result

_GROUP: Final = "Group"
_MOST_DEEP: Final = 12
"""Groups within groups that are written out; deeper ones are drawn as one block."""

# Words that Mermaid's parser takes for its own where an id is expected.
_RESERVED: Final = frozenset(
    {
        "call",
        "class",
        "click",
        "default",
        "direction",
        "end",
        "flowchart",
        "graph",
        "href",
        "interpolate",
        "style",
        "subgraph",
    }
)
_SHAPES: Final = {"data": ("[(", ")]"), "loss": ("([", "])"), "activation": ("(", ")")}
"""Brackets that draw a category; the others are rectangles."""
_STYLES: Final = {
    "data": "fill:#d8f3ef,stroke:#0d9488,color:#1a1f2b",
    "layers": "fill:#e4e3fb,stroke:#4f46e5,color:#1a1f2b",
    "activation": "fill:#fbeeda,stroke:#c96a05,color:#1a1f2b",
    "regularisation": "fill:#f1e3fc,stroke:#9333ea,color:#1a1f2b",
    "shape": "fill:#e8ebf0,stroke:#64748b,color:#1a1f2b",
    "math": "fill:#e0eefb,stroke:#0369a1,color:#1a1f2b",
    "loss": "fill:#fce0e6,stroke:#e11d48,color:#1a1f2b",
}
_ESCAPES: Final = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "#": "#35;", "`": "#96;", "\\": "#92;"}

_End = tuple[str, str]
"""(path of a node, port)"""


def mermaid(
    project: Project,
    result: Result,
    *,
    chosen: frozenset[str] | None = None,
    shapes: bool = True,
    direction: str = "LR",
) -> str:
    """The top level with its groups as a flowchart, blocks in the order they stand in the file.

    Args:
        project: the document.
        result: what `check` says of it: summaries and shapes.
        chosen: only these blocks and the wires among them.
        shapes: whether wires bear the shape of what flows through them.
        direction: `LR` or `TB`.
    """
    part = project if chosen is None else fragment_of(project, chosen & frozenset(project.graph.nodes))
    return _Writer(part, result, shapes=shapes).text(direction)


@final
@dataclass(frozen=True, slots=True)
class _Level:
    """A graph on the way down: whose it is, how deep."""

    graph: Graph
    path: str
    groups: tuple[str, ...]


@final
class _Writer:
    def __init__(self, project: Project, result: Result, *, shapes: bool) -> None:
        self._project = project
        self._result = result
        self._shapes = shapes
        self._ids: dict[str, str] = {}
        self._taken: set[str] = set()
        self._categories: dict[str, None] = {}

    def text(self, direction: str) -> str:
        top = _Level(self._project.graph, "", ())
        body = [*self._nodes(top), *self._wires(top)]
        styles = [f"  classDef {name} {_STYLES[name]}" for name in _STYLES if name in self._categories]
        return "\n".join([f"flowchart {direction}", *body, *styles]) + "\n"

    # -- blocks --

    def _nodes(self, level: _Level) -> Iterator[str]:
        pad = "  " * (len(level.groups) + 1)
        for node in level.graph.ordered_nodes():
            path = _join(level.path, node.id)
            group = self._group(node, level)
            if group is None:
                yield pad + self._node(node, path)
                continue
            inner = self._inside(node, level)
            yield f'{pad}subgraph {self._id(path)}["{_escaped(_group_title(node))}"]'
            yield from self._nodes(inner)
            yield from self._wires(inner)
            yield f"{pad}end"

    def _node(self, node: Node, path: str) -> str:
        plan, block = self._plan(path), block_named(node.block)
        title = node.label or node.id
        summary = plan.summary if plan is not None and plan.summary else ""
        kind = node.block if node.block.lower() != title.rstrip("0123456789_").lower() else ""
        below = " · ".join(part for part in (kind, summary, "muted" if node.bypass else "") if part)
        text = _escaped(title) + (f"<br/>{_escaped(below)}" if below else "")
        category = block.category if block is not None else ""
        opening, closing = _SHAPES.get(category, ("[", "]"))
        mark = f":::{category}" if category in _STYLES else ""
        if mark:
            self._categories[category] = None
        return f'{self._id(path)}{opening}"{text}"{closing}{mark}'

    # -- wires --

    def _wires(self, level: _Level) -> Iterator[str]:
        pad = "  " * (len(level.groups) + 1)
        for wire in level.graph.wires():
            start = self._outlet(level, wire.from_node, wire.from_port)
            label = self._label(start, _join(level.path, wire.from_node), wire.from_port)
            for end in self._inlets(level, wire.to_node, wire.to_port):
                yield f"{pad}{self._id(start[0])} -->{label} {self._id(end[0])}"

    def _label(self, start: _End, path: str, port: str) -> str:
        for place, name in (start, (path, port)):
            plan = self._plan(place) if self._shapes else None
            spec = plan.outputs.get(name) if plan is not None else None
            if spec is not None:
                return f'|"{_escaped(str(spec))}"|'
        return ""

    def _outlet(self, level: _Level, node_id: str, port: str) -> _End:
        """The block a wire comes from: for a group, the one inside that its port stands for."""
        node = level.graph.nodes[node_id]
        while (group := self._group(node, level)) is not None:
            inner = next((each for each in group.outputs if each.name == port and each.node in group.graph), None)
            if inner is None:
                break
            level, node, port = self._inside(node, level), group.graph.nodes[inner.node], inner.port
        return (_join(level.path, node.id), port)

    def _inlets(self, level: _Level, node_id: str, port: str) -> list[_End]:
        """The blocks a wire leads to: for a group, all inside that its port stands for."""
        found: list[_End] = []
        waiting = [(level, level.graph.nodes[node_id], port)]
        while waiting:
            level, node, port = waiting.pop(0)
            group = self._group(node, level)
            ports = [each for each in group.inputs if each.name == port and each.node in group.graph] if group else []
            if group is None or not ports:
                found.append((_join(level.path, node.id), port))
                continue
            inside = self._inside(node, level)
            waiting += [(inside, group.graph.nodes[each.node], each.port) for each in ports]
        return found

    # -- groups and names --

    def _group(self, node: Node, level: _Level) -> Group | None:
        """The group a node uses, if the plan wrote it out, too: it did not where groups use each other without end."""
        name = node.params.get("group") if node.block == _GROUP else None
        group = self._project.groups.get(name) if isinstance(name, str) else None
        if group is None or len(level.groups) >= _MOST_DEEP:
            return None
        path = _join(level.path, node.id)
        return group if any(self._plan(_join(path, inner)) is not None for inner in group.graph.nodes) else None

    def _inside(self, node: Node, level: _Level) -> _Level:
        name = str(node.params["group"])
        path = _join(level.path, node.id)
        return _Level(self._project.groups[name].graph, path, (*level.groups, name))

    def _plan(self, path: str) -> NodePlan | None:
        """Of a block inside a repeated group, the plan of its first repetition."""
        nodes = self._result.nodes
        if path in nodes or "." not in path:
            return nodes.get(path)
        owner, _, last = path.rpartition(".")
        return nodes.get(f"{owner}.0.{last}")

    def _id(self, path: str) -> str:
        found = self._ids.get(path)
        if found is None:
            found = re.sub(r"\W", "_", path)
            while found in self._taken or found in _RESERVED:
                found += "_"
            self._taken.add(found)
            self._ids[path] = found
        return found


def _join(path: str, node_id: str) -> str:
    return f"{path}.{node_id}" if path else node_id


def _group_title(node: Node) -> str:
    name, repeat = node.params.get("group"), node.params.get("repeat", 1)
    times = f" × {repeat}" if isinstance(repeat, int) and repeat > 1 else ""
    title = node.label or node.id
    return f"{title}{times}" if title == name else f"{title} ({name}{times})"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in " ".join(text.split()))
