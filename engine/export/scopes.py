"""Groups found again in a plan that has them written out, so that exported code can have a class for each.

That is possible where the nodes of a use run one after another. A group whose use is interrupted, as when one of its
outputs goes through other blocks back into it, stays written out in exported code, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from engine.export.parts import Parts
from engine.result import Source


@final
@dataclass(frozen=True, slots=True)
class Scope:
    """The top level, or one repetition of a use of a group.

    Attributes:
        path: what the names inside begin with: `res`, `res.0`; "" for the top level.
        items: nodes and uses of groups, in the order in which they run.
        inputs: outputs elsewhere that it reads; outputs: those of its own that are read elsewhere.
        home: path of the scope whose modules it uses: its own, or that of another use with the same weights.
    """

    path: str
    items: tuple[str | Use, ...]
    inputs: tuple[Source, ...] = ()
    outputs: tuple[Source, ...] = ()
    home: str = ""


@final
@dataclass(frozen=True, slots=True)
class Use:
    """A use of a group: its repetitions, in order.

    Attributes:
        path: of the use; group: its name in the document.
        scopes: one a repetition.
        is_chain: each repetition only feeds the next, one value to one value, each with modules of its own.
    """

    path: str
    group: str
    scopes: tuple[Scope, ...]
    is_chain: bool = False


@final
class InterruptedGroupError(Exception):
    """A group that cannot be a class."""


def fold(parts: Parts) -> Scope:
    """The nodes of `forward` with groups as scopes. Raises InterruptedGroupError where that is not possible."""
    return Scope("", _Folder(parts).items("", parts.forward))


def unfolded(parts: Parts) -> Scope:
    """The nodes of `forward`, all at the top level."""
    return Scope("", parts.forward)


@final
class _Folder:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.result = parts.result
        wanted = {*parts.outputs, *((objective.path, objective.port) for objective in parts.objectives)}
        self.readers: dict[Source, set[str]] = {source: {""} for source in wanted}
        for path in parts.nodes:
            for source in self.result.nodes[path].sources.values():
                self.readers.setdefault(source, set()).add(path)

    def items(self, prefix: str, paths: Sequence[str]) -> tuple[str | Use, ...]:
        """Nodes and uses directly inside; `prefix` is "" or ends in a dot."""
        found: list[str | Use] = []
        at = 0
        while at < len(paths):
            name, _, inside = paths[at].removeprefix(prefix).partition(".")
            if not inside:
                found.append(paths[at])
                at += 1
                continue
            end = at
            while end < len(paths) and paths[end].startswith(f"{prefix}{name}."):
                end += 1
            found.append(self._use(prefix + name, paths[at:end]))
            at = end
        names = [item.path for item in found if isinstance(item, Use)]
        if len(set(names)) < len(names):
            raise InterruptedGroupError
        return tuple(found)

    def _use(self, path: str, members: Sequence[str]) -> Use:
        params = self.result.nodes[path].params
        used = {self.parts.home(member) for member in members}
        if any(home.startswith(f"{path}.") and home not in used for home in self.parts.modules):
            raise InterruptedGroupError  # a module inside that only the loss uses
        if params["repeat"] == 1:
            return Use(path, params["group"], (self._scope(path, members),))
        numbers = list(dict.fromkeys(member.removeprefix(f"{path}.").partition(".")[0] for member in members))
        inside = {number: [one for one in members if one.startswith(f"{path}.{number}.")] for number in numbers}
        if [one for number in numbers for one in inside[number]] != list(members):
            raise InterruptedGroupError
        scopes = tuple(self._scope(f"{path}.{number}", inside[number]) for number in numbers)
        return Use(path, params["group"], scopes, self._is_chain(scopes, inside))

    def _is_chain(self, scopes: Sequence[Scope], inside: Mapping[str, Sequence[str]]) -> bool:
        places = [scope.home.rpartition(".") for scope in scopes]
        if len({place for place, _, _ in places}) > 1 or [number for *_, number in places] != list(inside):
            return False
        if any(len(scope.inputs) != 1 or len(scope.outputs) != 1 for scope in scopes):
            return False
        members = {scope.path: set(paths) for scope, paths in zip(scopes, inside.values(), strict=True)}
        return all(
            after.inputs == before.outputs and self.readers[before.outputs[0]] <= members[after.path]
            for before, after in pairwise(scopes)
        )

    def _scope(self, path: str, members: Sequence[str]) -> Scope:
        inside = set(members)
        read = [source for member in members for source in self.result.nodes[member].sources.values()]
        inputs = tuple(dict.fromkeys(source for source in read if source[0] not in inside))
        made = [(member, port) for member in members for port in self.result.nodes[member].outputs]
        outputs = tuple(source for source in made if self.readers.get(source, set()) - inside)
        if not outputs:
            raise InterruptedGroupError
        return Scope(path, self.items(f"{path}.", members), inputs, outputs, self._home(path, members))

    def _home(self, path: str, members: Sequence[str]) -> str:
        """The scope that all its modules are in."""
        homes: dict[str, str] = {}
        for member in members:
            recipe = self.result.nodes[member].recipe
            if recipe is not None and (recipe.module is not None or recipe.parameters):
                homes[member] = self.parts.home(member)
        found = path
        if any(not home.startswith(f"{path}.") for home in homes.values()):
            pairs = [(home, member.removeprefix(path)) for member, home in homes.items()]
            elsewhere = {home.removesuffix(inside) for home, inside in pairs if home.endswith(inside)}
            if len(elsewhere) != 1:
                raise InterruptedGroupError
            found = elsewhere.pop()
        if any(not home.startswith(f"{found}.") for home in homes.values()):
            raise InterruptedGroupError
        return found
