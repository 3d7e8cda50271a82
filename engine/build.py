"""From a checked project to a PyTorch module with straight-line code."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from engine import recipe
from engine.init import start
from engine.netcode import Batch, Code, execution, modes_differ, predictions, tensor_home, write
from engine.netmodules import make_modules, put, tensors_of, tree
from engine.problem import GraphError
from engine.result import Objective, Result, Source

Outputs = dict[str, Tensor]


def build(
    result: Result,
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    parameters: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
) -> Net:
    """The network of a checked project. Draws nothing from torch's global generators.

    Args:
        result: of `plan.check`, without errors (warnings are fine).
        seed: what parameters without a start value are drawn from.
        dtype: of floating-point parameters and buffers.
        parameters: start values, `block.parameter` -> nested numbers, array or tensor; buffers, too.
        device: where the network lives.

    Raises:
        GraphError: the project has errors, or a start value fits no parameter (G18).
    """
    if result.errors:
        first = result.errors[0]
        raise GraphError(first.message, code=first.code, hint=first.hint)
    given = dict(parameters or {})
    homes = {name: spec for name, spec in tensor_specs(result).items() if name in given}
    unknown = sorted(given.keys() - homes.keys())
    if unknown:
        raise GraphError(
            f'There is a start value for "{unknown[0]}", but no such parameter.',
            code="G18",
            hint="Remove the start value.",
        )
    paths, modules = make_modules(result)
    for path, module in modules.items():
        plan = result.nodes[path]
        for spec in tensors_of(plan.recipe):
            name = f"{path}.{spec.name}"
            value = start(spec, name, seed, given).to(device, None if spec.dtype == "int" else dtype)
            put(module, spec, value, trainable=spec.name not in plan.frozen)
    return Net(result, tree(modules), paths)


def tensor_specs(result: Result) -> dict[str, recipe.Tensor]:
    """Everything a state holds, in plan order: `block.parameter` of parameters and buffers, shared ones once."""
    return {
        f"{path}.{spec.name}": spec
        for path in result.order
        if result.nodes[path].weights_path == path
        for spec in tensors_of(result.nodes[path].recipe)
    }


@final
class Net(nn.Module):
    """A network. Parameters and buffers are named `block.parameter` (`res.0.conv.weight` inside groups).

    A batch maps `input.field` (`data.x`) to tensors (batch, …); only the fields that a call needs have to be there.
    `train()` and `eval()` switch between two pieces of code. Ids may be any word: `net.get_submodule("loss")` finds a
    block of that name, `net.loss` does not.
    """

    def __init__(self, result: Result, modules: Mapping[str, nn.Module], paths: Mapping[str, str]) -> None:
        """Made by `build`.

        Args:
            result: the plan.
            modules: the top-level modules by name.
            paths: node path -> path of the module its calls use.
        """
        super().__init__()
        self._modules.update(modules)
        # Generated code finds children on a root without attributes of its own, so that no id can be taken.
        self._root: tuple[nn.Module] = (_root_of(self),)
        self._result = result
        self._paths = dict(paths)
        self._codes: dict[Any, Code] = {}
        self._outputs = predictions(result)
        wholes = [result.objectives, *(phase.objectives for phase in result.phases)]
        self._losses = [self._pair(objectives, None) for objectives in wholes]

    # -- what it is --

    @property
    def result(self) -> Result:
        """The plan it was built from."""
        return self._result

    @property
    def outputs(self) -> tuple[str, ...]:
        """What `forward` returns: the predictions, as `block.port`."""
        return tuple(".".join(source) for source in self._outputs)

    @property
    def order(self) -> tuple[str, ...]:
        """The nodes that run for the loss, in order, Inputs included."""
        return execution(self._result, [(term.path, term.port) for term in self._result.objectives])

    def source(self, *, training: bool = True) -> str:
        """The generated code of the loss, to read."""
        return self._code(self._result.objectives, None, training=training).source

    # -- running it --

    def forward(self, batch: Batch) -> Outputs:
        """The predictions, by `block.port`."""
        return self.forward_to(self.outputs)(batch)

    def loss(self, batch: Batch, phase: int | None = None) -> Tensor:
        """What is minimised: the weighted sum of all objectives, or of those of one training phase. A scalar.

        Raises:
            GraphError: there is nothing to minimise (G01).
        """
        total: Tensor = self._losses[0 if phase is None else phase + 1][self.training](self._root[0], batch)
        return total

    def forward_to(self, names: Iterable[str]) -> Callable[[Batch], Outputs]:
        """A function that computes the outputs of any nodes, in the mode the network is in when it is called.

        It runs only what they need. Ask for it once and call it often.

        Args:
            names: `block.port`, or `block` for all its outputs; fields of Inputs are returned as they come.

        Raises:
            GraphError: there is no such output (G12).
        """
        pair, root = self._pair((), self._sources(names)), self._root[0]
        return lambda batch: pair[self.training](root, batch)

    def loss_and(self, names: Iterable[str], phase: int | None = None) -> Callable[[Batch], tuple[Tensor, Outputs]]:
        """As `loss` and `forward_to` in one run, with the loss's own random draws."""
        objectives = self._result.objectives if phase is None else self._result.phases[phase].objectives
        pair, root = self._pair(objectives, self._sources(names)), self._root[0]
        return lambda batch: pair[self.training](root, batch)

    # -- its parameters --

    def get_submodule(self, target: str) -> nn.Module:
        return self._root[0].get_submodule(target) if target else self

    def module_of(self, path: str) -> nn.Module | None:
        """The module that a node's calls use; None when it has none."""
        home = self._paths.get(path)
        return None if home is None else self.get_submodule(home)

    def parameter(self, name: str) -> nn.Parameter:
        """The parameter `block.parameter`, also by the name of a later block that shares it."""
        return self.get_parameter(tensor_home(self._result, name))

    def trainable(self, phase: int = 0) -> dict[str, nn.Parameter]:
        """What a training phase updates, by name."""
        return {name: self.get_parameter(name) for name in self._result.phases[phase].update}

    # -- when something goes wrong --

    def node_at(self, error: BaseException) -> str | None:
        """The node in whose calls an exception was raised; None when it came from somewhere else."""
        found = (code.node_at(error.__traceback__) for code in self._codes.values())
        return next((path for path in found if path), None)

    # -- inner workings --

    def _sources(self, names: Iterable[str]) -> tuple[Source, ...]:
        found: dict[Source, None] = {}
        for name in names:
            path, _, port = name.rpartition(".")
            if name in self._result.nodes:
                ports = self._result.nodes[name].outputs
                found.update(dict.fromkeys((name, port) for port in ports))
            elif path in self._result.nodes and port in self._result.nodes[path].outputs:
                found[(path, port)] = None
            else:
                raise GraphError(f'There is no output "{name}".', code="G12", hint="Name a block or block.port.")
        return tuple(found)

    def _pair(self, objectives: Sequence[Objective], outputs: Sequence[Source] | None) -> tuple[Any, Any]:
        """The functions for evaluation and for training."""
        if not objectives and outputs is None:
            return _nothing, _nothing
        evaluation, training = (self._code(objectives, outputs, training=mode) for mode in (False, True))
        return evaluation.function, training.function

    def _code(self, objectives: Sequence[Objective], outputs: Sequence[Source] | None, *, training: bool) -> Code:
        key = (training, tuple(objectives), None if outputs is None else tuple(outputs))
        if key not in self._codes:
            other = self._codes.get((not training, *key[1:]))
            if other is not None and not modes_differ(self._result, other.order):
                self._codes[key] = other
            else:
                self._codes[key] = write(
                    self._result, self._root[0], self._paths, training=training, objectives=objectives, outputs=outputs
                )
        return self._codes[key]

    def __deepcopy__(self, memo: dict[int, Any]) -> Net:
        twin = Net.__new__(Net)
        memo[id(self)] = twin
        shared = {"_result", "_paths", "_codes", "_outputs", "_losses"}
        state = {name: value for name, value in self.__dict__.items() if name not in shared and name != "_root"}
        twin.__dict__.update(copy.deepcopy(state, memo))
        twin.__dict__.update({name: self.__dict__[name] for name in shared})
        twin.__dict__["_root"] = (_root_of(twin),)
        return twin


def _root_of(net: nn.Module) -> nn.Module:
    """A bare module with the very same children."""
    root = nn.Module()
    root.__dict__["_modules"] = net.__dict__["_modules"]
    return root


def _nothing(_root: nn.Module, _batch: Batch) -> Tensor:
    raise GraphError("There is nothing to minimise.", code="G01", hint="Add a Loss.")
