"""The block contract and the registry that finds every block by its being there."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any, ClassVar, Literal, final

from engine.dataspec import DataFacts
from engine.param import Param
from engine.recipe import Formula, GradContext, Recipe, Tensor
from engine.tensorspec import TensorSpec

Category = Literal["data", "layers", "activation", "regularisation", "shape", "math", "loss"]
PortKind = Literal["value", "target", "scalar"]


@final
@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a block.

    Attributes:
        name: as wires name it: `in`, `out`, `prediction`, `a`.
        kind: colour on the canvas: `value`, `target` (labels), `scalar` (a loss).
        doc: one short sentence.
        optional: an input that may stay unconnected.
    """

    name: str
    kind: PortKind = "value"
    doc: str = ""
    optional: bool = False


@final
@dataclass(frozen=True, slots=True)
class Context:
    """What a block may know besides its own parameters and inputs.

    Attributes:
        facts: of the data set, for an Input; else None.
        parameters: node path -> the parameters it owns, for the nodes named by the block's Refs (Regularizer); every
            node with parameters when the Refs are empty.
    """

    facts: DataFacts | None = None
    parameters: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)


EMPTY_CONTEXT = Context()


@final
class ShapeError(Exception):
    """Inputs or parameters a block cannot work with; `check` turns it into a Problem that names the node.

    Attributes:
        message: what the block needs and what it gets, without the block's name:
            `needs images (channels × height × width) but gets N × 784`.
        hint: the way out, an imperative sentence.
        port: the input port at fault, None for a parameter.
        code: the problem code, `G03` (shape) unless told: `G04` dtype, `G06` parameter, `G08` wrong target.
        fix: a quick fix the canvas can offer: `("insert", kind, params)` a block before the port at fault,
            `("set", name, value)` a parameter, `("outputs", count)` of the nearest layer before the port (or before
            another, named by a third entry), `("remove",)` the block, `("remove_before", category)` the nearest block
            of that category before the port, `("swap", kind)`.
    """

    def __init__(
        self, message: str, *, hint: str = "", port: str | None = None, code: str = "G03", fix: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.port = port
        self.code = code
        self.fix = fix


@final
@dataclass(frozen=True, slots=True)
class Remark:
    """A warning a block has about itself: code, message without the block's name, hint, port, quick fix."""

    code: str
    message: str
    hint: str = ""
    port: str | None = None
    fix: tuple[Any, ...] = ()


class Block(ABC):
    """One kind of block, complete in one final class in one file; never instantiated with state.

    `params` given to the methods are parsed values (see `param.parse_all`): every declared name is present.
    `inputs` map each connected input port to its TensorSpec; all required ports are present when `shape`, `recipe`,
    `macs` and `remarks` are called.
    """

    kind: ClassVar[str]
    category: ClassVar[Category]
    doc: ClassVar[str]
    """One line for the palette and the help."""
    icon: ClassVar[str]
    params: ClassVar[Mapping[str, Param]]
    beginner: ClassVar[bool] = False
    """Shown in the short palette."""
    keywords: ClassVar[tuple[str, ...]] = ()
    """Other words people search it by: `linear`, `fully connected`."""

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        """The input ports; may depend on parameters (`inputs` of Concat)."""
        return (Port("in"),)

    def outputs(self, params: Mapping[str, Any], facts: DataFacts | None = None) -> tuple[Port, ...]:
        """The output ports; may depend on parameters and data facts."""
        return (Port("out"),)

    @abstractmethod
    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        """Output port -> spec. Raises ShapeError when inputs or parameters do not fit."""

    @abstractmethod
    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        """The torch calls; only called when `shape` accepted the inputs."""

    @abstractmethod
    def formula(self, params: Mapping[str, Any]) -> Formula:
        """Forward and backward mathematics for these parameters."""

    @abstractmethod
    def grads(self, c: GradContext) -> dict[str, Any]:
        """Gradient of the loss for each input port and owned (or borrowed) parameter, by name.

        Integer inputs are left out. Plain operators and `c.call`, never autograd.
        """

    def remarks(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> tuple[Remark, ...]:
        """Warnings: softmax twice, probabilities where logits are wanted."""
        return ()

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        """Multiply-adds for one sample, forward."""
        return 0

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        """The line under the block's name: `16 × 3×3, stride 1`. `inputs` may be empty."""
        return ""

    def data_summary(self, params: Mapping[str, Any], facts: DataFacts) -> str:
        """The line under the name of a block with data, once these are known: `Fashion-MNIST · 10,000 images`."""
        return self.summary(params, {})

    def objective(self, params: Mapping[str, Any]) -> bool:
        """Whether the block's `out` is part of the default objective (Loss, Regularizer)."""
        return False


@cache
def registry() -> dict[str, Block]:
    """Kind -> block, of this package and of plug-ins of the entry-point group `chainrule.blocks`, sorted by kind.

    Raises:
        RuntimeError: two blocks bear one kind.
    """
    import engine.blocks

    found: dict[str, Block] = {}
    modules = [
        importlib.import_module(info.name) for info in pkgutil.iter_modules(engine.blocks.__path__, "engine.blocks.")
    ]
    classes = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Block) and value.__module__ == module.__name__
    ]
    classes += [entry.load() for entry in metadata.entry_points(group="chainrule.blocks")]
    for block_class in classes:
        block = block_class()
        if block.kind in found:
            raise RuntimeError(f'two blocks are called "{block.kind}"')
        found[block.kind] = block
    return dict(sorted(found.items()))


def block_named(kind: str) -> Block | None:
    """The block of that kind, or None when there is none (an unknown block of a newer file)."""
    return registry().get(kind)
