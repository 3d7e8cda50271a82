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
from engine.problem import GraphError
from engine.result import NodePlan, Objective, Result, Source
from engine.targets import TargetError, resolve
from engine.tensorspec import shape_text

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
    paths, modules = _make_modules(result)
    for path, module in modules.items():
        plan = result.nodes[path]
        for spec in _tensors(plan.recipe):
            name = f"{path}.{spec.name}"
            value = start(spec, name, seed, given).to(device, None if spec.dtype == "int" else dtype)
            _put(module, spec, value, trainable=spec.name not in plan.frozen)
    return Net(result, _tree(modules), paths)


def tensor_specs(result: Result) -> dict[str, recipe.Tensor]:
    """Everything a state holds, in plan order: `block.parameter` of parameters and buffers, shared ones once."""
    return {
        f"{path}.{spec.name}": spec
        for path in result.order
        if result.nodes[path].weights_path == path
        for spec in _tensors(result.nodes[path].recipe)
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


# -- making modules --


@final
class _Tensors(nn.Module):
    """Holds the parameters of a block that has no module of its own."""


def _make_modules(result: Result) -> tuple[dict[str, str], dict[str, nn.Module]]:
    """Node path -> path of its module, and the modules, empty, by their paths; sharing nodes have one module."""
    paths: dict[str, str] = {}
    modules: dict[str, nn.Module] = {}
    for path in result.order:
        plan = result.nodes[path]
        if plan.recipe is None:
            continue
        home = result.nodes[plan.weights_path].recipe
        if plan.weights_path in modules and home is not None and home.module == plan.recipe.module:
            paths[path] = plan.weights_path
        elif plan.recipe.module is not None or _tensors(plan.recipe):
            paths[path] = path
            modules[path] = _make_module(plan)
    return paths, modules


def _make_module(plan: NodePlan) -> nn.Module:
    """The block's module on the meta device: nothing is allocated, nothing drawn."""
    assert plan.recipe is not None
    made = plan.recipe.module
    if made is None:
        return _Tensors()
    try:
        with torch.device("meta"):
            module: nn.Module = resolve(made.target)(*made.args, **dict(made.kwargs))
    except TargetError as error:
        raise GraphError(f'"{plan.path}" ({plan.block}) cannot be built: {error}.', code="G11") from error
    there = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    promised = {spec.name: spec.shape for spec in _tensors(plan.recipe)}
    if there != promised:
        name = next(name for name in {**there, **promised} if there.get(name) != promised.get(name))
        sizes = [shape_text(shapes[name]) if name in shapes else "none" for shapes in (promised, there)]
        raise GraphError(
            f'"{plan.path}" ({plan.block}) cannot be built: its recipe promises {sizes[0]} for "{name}", '
            f"but {made.target} has {sizes[1]}.",
            code="G11",
        )
    return module


def _tensors(made: recipe.Recipe | None) -> tuple[recipe.Tensor, ...]:
    return () if made is None else (*made.parameters, *made.buffers)


def _put(module: nn.Module, spec: recipe.Tensor, value: Tensor, *, trainable: bool) -> None:
    """Gives a module one of its tensors; a name with dots belongs to a child."""
    place, _, name = spec.name.rpartition(".")
    owner = module.get_submodule(place)
    if spec.dtype == "int" or name in dict(owner.named_buffers(recurse=False)):
        owner.register_buffer(name, value)
    else:
        owner.register_parameter(name, nn.Parameter(value, requires_grad=trainable))


def _tree(modules: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """The modules nested by the dots of their paths."""
    groups: dict[str, nn.Module] = {}
    top: dict[str, nn.Module] = {}

    def place(path: str, module: nn.Module) -> None:
        group, _, name = path.rpartition(".")
        if not group:
            top[name] = module
            return
        if group not in groups:
            groups[group] = nn.Module()
            place(group, groups[group])
        groups[group].add_module(name, module)

    for path, module in modules.items():
        place(path, module)
    return top
