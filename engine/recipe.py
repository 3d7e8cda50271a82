"""torch calls as data: what a block does, for training, code export and tracing alike.

A target names a function or class and is resolved under an allow-list (`engine.build`), so a recipe is harmless
wherever it comes from:

* `torch.…` (for example `torch.nn.functional.relu`, `torch.nn.Linear`, `torch.flatten`),
* `operator.…` for the infix operators: add, sub, mul, truediv, neg, pow, matmul, getitem,
* `chainrule.nn.…`, a class or function of `engine/nn.py`, which code export copies verbatim,
* `self`: call the block's own module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, final

Constant = None | bool | int | float | str
InitKind = Literal[
    "default",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
    "normal",
    "uniform",
    "constant",
    "zeros",
    "ones",
]


@final
@dataclass(frozen=True, slots=True)
class Ref:
    """A value by name inside one recipe.

    An input port, the result of an earlier call, `self.weight`, or `NODE.weight` for a parameter of another node
    (Regularizer; see `Recipe.borrows`).
    """

    name: str


Value = Constant | Ref | tuple["Value", ...]


@final
@dataclass(frozen=True, slots=True)
class Call:
    """`out = target(*args, **kwargs)`, single assignment.

    `out` is an output port or an inner name; several outs unpack a tuple.
    """

    out: str | tuple[str, ...]
    target: str
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Init:
    """How a parameter is drawn.

    Attributes:
        kind: `default` is what PyTorch's own module does (`bound` gives the half width of its uniform).
        bound: half width for `default` and `uniform`.
        std: standard deviation for `normal`.
        value: for `constant`.
        nonlinearity: for Kaiming and Xavier gains, as `torch.nn.init.calculate_gain` names them; `slope` goes with
            `leaky_relu`.
    """

    kind: InitKind = "default"
    bound: float = 0.0
    std: float = 0.0
    value: float = 0.0
    nonlinearity: str = "relu"
    slope: float = 0.0


@final
@dataclass(frozen=True, slots=True)
class Tensor:
    """A parameter or buffer: its short name (`weight`), shape and how it begins."""

    name: str
    shape: tuple[int, ...]
    init: Init = Init("zeros")
    dtype: Literal["float", "int"] = "float"

    @property
    def numel(self) -> int:
        """How many numbers it holds."""
        count = 1
        for dim in self.shape:
            count *= dim
        return count


@final
@dataclass(frozen=True, slots=True)
class Module:
    """The constructor call of the block's submodule: `torch.nn.Linear(2, 16)`."""

    target: str
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Recipe:
    """What one node does, as calls.

    Attributes:
        module: the node's submodule (attribute name = node id), or None.
        parameters: trainable tensors the node owns, named as in the module; without a module they become
            `self.NODE_NAME` parameters.
        fixed: short names of parameters that are never trained with these settings (a Value that is held).
        buffers: tensors it owns that are not trained (running statistics).
        calls: single-assignment calls from input ports to output ports, as a person would write them.
        eval_calls: the calls in evaluation mode, where the module itself does not switch; None = the same.
        traced_calls: calls with the same result to the bit under the same random state, that name the values in
            `saved` (the dropout mask, the argmax of a pooling); None = `calls`.
        saved: names of the values `Block.grads` finds in `c.saved`.
        borrows: paths of nodes whose parameters the calls read (Regularizer), as `Ref("NODE.weight")`.
        random: draws random numbers in training mode.
    """

    module: Module | None = None
    parameters: tuple[Tensor, ...] = ()
    buffers: tuple[Tensor, ...] = ()
    calls: tuple[Call, ...] = ()
    eval_calls: tuple[Call, ...] | None = None
    traced_calls: tuple[Call, ...] | None = None
    saved: tuple[str, ...] = ()
    borrows: tuple[str, ...] = ()
    random: bool = False
    fixed: frozenset[str] = frozenset()

    @property
    def parameter_count(self) -> int:
        """Trainable numbers the node owns."""
        return sum(tensor.numel for tensor in self.parameters)


@final
@dataclass(frozen=True, slots=True)
class Formula:
    r"""A block's mathematics in the LaTeX subset that matplotlib's mathtext draws.

    Attributes:
        forward: lines such as `y = x W^{\top} + b`.
        backward: lines such as `\frac{\partial L}{\partial W} = ...`.
        symbols: (symbol, meaning) pairs for every symbol used.
        source: where it can be read up: a paper, a book chapter, PyTorch's documentation page.
    """

    forward: tuple[str, ...]
    backward: tuple[str, ...]
    symbols: tuple[tuple[str, str], ...] = ()
    source: str = ""


@final
@dataclass(frozen=True, slots=True)
class GradContext:
    """What `Block.grads` is given: real tensors of one traced step, keyed by short names.

    Attributes:
        params: the node's parsed parameters.
        inputs: input port -> tensor.
        outputs: output port -> tensor.
        weights: short parameter name -> tensor (and `NODE.weight` for borrowed ones).
        buffers: buffers as they were before the step.
        saved: values named in `Recipe.saved`.
        upstream: output port -> gradient of the loss with respect to that output.
        training: training or evaluation mode.
        call: resolves and calls a recipe target: `c.call("torch.nn.grad.conv2d_input", ...)`; runs without autograd.
    """

    params: dict[str, Any]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    weights: dict[str, Any]
    buffers: dict[str, Any]
    saved: dict[str, Any]
    upstream: dict[str, Any]
    training: bool
    call: Any = field(repr=False)
