"""Problems of a graph, as values, and the engine's own exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

Severity = Literal["error", "warning", "info"]


@final
@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a graph, told so that a person can mend it.

    Attributes:
        severity: `error` stops building and training, `warning` and `info` do not.
        code: stable identifier such as `G02`, listed in `engine.codes`.
        node: path of the node concerned, None for the whole graph.
        port: the node's port concerned, None for the whole node.
        message: one or two sentences naming block and port, what was expected and what was received.
        hint: the way out, an imperative sentence; may be empty.
        fix: a quick fix the canvas can offer for the node, as in `ShapeError.fix`, or
            `("drop_start", "block.parameter")`: take that start value out, or `("connect", path, output)`: an
            output that fits the open port, or `("choose", fixes)`: one of several; empty when there is none.
    """

    severity: Severity
    code: str
    node: str | None
    port: str | None
    message: str
    hint: str = ""
    fix: tuple[Any, ...] = ()

    @property
    def placed(self) -> str:
        """The message, behind the name of the block where it does not name it itself."""
        named = self.node is None or f'"{self.node}"' in self.message
        return self.message if named else f'"{self.node}": {self.message}'


class ChainruleError(Exception):
    """An error a person can act on. `str(error)` is one line without a traceback.

    Attributes:
        code: stable identifier such as `F01`.
        message: what happened.
        hint: the way out; may be empty.
        fix: a quick fix as in `Problem`, where the error is one of a block; may be empty.
    """

    def __init__(self, message: str, *, code: str, hint: str = "", fix: tuple[Any, ...] = ()) -> None:
        self.code = code
        self.message = message
        self.hint = hint
        self.fix = fix
        super().__init__(f"{message} {hint}".strip())

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.code, self.hint, self.fix))


def _rebuild(kind: type[ChainruleError], message: str, code: str, hint: str, fix: tuple[Any, ...]) -> ChainruleError:
    return kind(message, code=code, hint=hint, fix=fix)


@final
class FileError(ChainruleError):
    """A graph, weight or data file could not be read or written. The message names the place in the file."""


@final
class GraphError(ChainruleError):
    """An edit that would make the graph invalid (a duplicate id, a wire to nowhere), or one that cannot be built."""


@final
class DataError(ChainruleError):
    """A data set is missing, broken or does not fit its block. The message names file, row and column."""
