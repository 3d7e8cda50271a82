"""The plan of one node, once what it reads from is planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, final

from engine.block import Context, ShapeError
from engine.dataspec import DataFacts
from engine.graph import EMPTY
from engine.planning.shells import Shell
from engine.planning.starts import judge_starts
from engine.planning.words import ended, quoted
from engine.planning.work import Answer, Answers, Ids, Known, PortSpecs, Specs, Work, ask
from engine.problem import Problem
from engine.recipe import Recipe, Tensor
from engine.result import NodePlan, Source
from engine.shapes import received
from engine.tensorspec import TensorSpec, shape_text

_REMEMBERED = 6
_LOOP = -1
_NO_WORK = Work()


@final
@dataclass(slots=True)  # not frozen: thousands are made, and freezing takes thrice as long
class Surroundings:
    """What a node's plan depends on besides its shell and inputs.

    Attributes:
        owner: path that holds its weights, where they are shared; "" for itself.
        owned: the owner's parameters, where they are shared and known.
        starts: start values by short name.
        refs: parameter name -> paths of the blocks it names, for parameters that name blocks.
        parameters: path -> its parameters, for the blocks named.
        missing: names that are no block's.
        waiting: the parameters of the blocks named are not known yet.
    """

    owner: str = ""
    owned: tuple[Tensor, ...] | None = None
    starts: Mapping[str, Any] = EMPTY
    refs: Mapping[str, tuple[str, ...]] = EMPTY
    parameters: Mapping[str, tuple[Tensor, ...]] = EMPTY
    missing: tuple[Problem, ...] = ()
    waiting: bool = False


ALONE = Surroundings()
"""What most nodes have around them: nothing."""
Planned = tuple[NodePlan, tuple[Problem, ...]]
"""A node's plan, which holds on to the specs of its sources, and all its problems."""


@final
@dataclass(slots=True)
class Spot:
    """A node where it stands: its plan follows from the specs that come in, and the last answers are remembered.

    Attributes:
        params: of the node, with names of other blocks as paths.
        sources: input port -> where its value really comes from, muted nodes passed over.
        taps: the sources alone, in the same order.
        held_up: its shapes cannot be found, whatever comes in.
        has_problems: it has some, or may have, whatever comes in.
        answers: what nodes that are alike answered; None where other things than inputs play a part.
        memory: the last plans by what came in, the latest at the end; most nodes have one.
    """

    shell: Shell
    around: Surroundings
    params: Mapping[str, Any]
    data: DataFacts | None
    sources: Mapping[str, Source]
    taps: tuple[Source, ...]
    held_up: bool
    has_problems: bool
    answers: Answers | None
    memory: tuple[tuple[Ids, Planned], ...] = ()

    def plan(self, specs: list[TensorSpec | None], known: Known, *, in_loop: bool) -> Planned:
        """The plan for these specs, one for each tap; in a loop, shapes cannot be found."""
        ids = tuple(map(id, specs))
        key = (*ids, _LOOP) if in_loop else ids
        for before, found in self.memory:
            if before == key:
                return found
        answer = self.answers.get(ids) if self.answers is not None and not in_loop else None
        if answer is None:
            answer = _answer(self, tuple(specs), ids, known, in_loop)
        planned = plan_node(self, answer)
        self.memory = (*self.memory[1 - _REMEMBERED :], (key, planned))
        return planned


def real_source(source: Source | None, shells: Mapping[str, Shell], plans: Mapping[str, NodePlan]) -> Source | None:
    """Where a value comes from, muted nodes passed over; None when that port does not exist."""
    shell = shells.get(source[0]) if source else None
    if source is None or shell is None or (source[1] not in shell.outputs and not shell.free_ports):
        return None
    if shell.flat.node.bypass and shell.block is not None:
        if not shell.inputs or source[1] != shell.outputs[0] or source[0] not in plans:
            return None
        return plans[source[0]].sources.get(shell.inputs[0])
    return source


def make_spot(
    shell: Shell,
    around: Surroundings,
    shells: Mapping[str, Shell],
    plans: Mapping[str, NodePlan],
    known: Known,
    *,
    in_loop: bool,
) -> Spot:
    """The node with its sources found; what it reads from has to be in `plans`."""
    muted = shell.flat.node.bypass
    feeds = {} if in_loop and muted else shell.feeds  # a muted node in a loop would pass on itself
    sources: Mapping[str, Source] = {
        port: real for port in shell.inputs if port in feeds and (real := real_source(feeds[port], shells, plans))
    }
    if len(sources) <= 1 and sources == shell.feeds:
        sources = cast(Mapping[str, Source], shell.feeds)  # the same again, for most of thousands
    has_problems = bool(shell.problems or shell.flat.node.frozen)
    held_up = not shell.usable or len(sources) < len(shell.feeds)
    params = shell.params
    if around is not ALONE:
        has_problems = has_problems or bool(around.missing or around.starts)
        held_up = held_up or around.waiting or bool(around.missing)
        params = {**shell.params, **around.refs} if around.refs else shell.params
    answers = None
    if shell.likeness is not None and not muted:
        answers = known.answers(
            (shell.likeness, tuple(sources), tuple(shell.no_inputs), tuple(shell.no_outputs), held_up)
        )
    taps = tuple(sources.values())
    return Spot(shell, around, params, shell.data, sources, taps, held_up, has_problems, answers)


def _answer(spot: Spot, specs: Specs, ids: Ids, known: Known, in_loop: bool) -> Answer:
    """What the node's block has to say about these specs, kept for the nodes that are alike."""
    shell, answers = spot.shell, spot.answers if not in_loop else None
    inputs: dict[str, TensorSpec | None] = dict(zip(spot.sources, specs, strict=True))
    if len(inputs) < len(shell.no_inputs):
        inputs = {**shell.no_inputs, **inputs}
    if shell.block is None:
        return specs, _NO_WORK, inputs, shell.no_outputs
    if shell.flat.node.bypass:
        work = _NO_WORK if in_loop else _muted(shell, inputs)
        return specs, work, inputs, _outputs(shell, work)
    present = {port: spec for port in shell.feeds if (spec := inputs[port]) is not None}
    context = None
    if not spot.held_up and not in_loop and None not in specs:
        context = Context(spot.data, spot.around.parameters)
    work = ask(shell, spot.params, present, context, known)
    answer = (specs, work, inputs, _outputs(shell, work))
    if answers is not None and not work.faults:
        known.keep(answers, ids, answer)
    return answer


def _outputs(shell: Shell, work: Work) -> PortSpecs:
    """What leaves each port, those that only wires name as of unknown shape."""
    if not work.outputs:
        return shell.no_outputs
    return work.outputs if len(work.outputs) == len(shell.no_outputs) else {**shell.no_outputs, **work.outputs}


def _muted(shell: Shell, inputs: Mapping[str, TensorSpec | None]) -> Work:
    """The first input passed to the first output; nothing is run."""
    spec = inputs[shell.inputs[0]] if shell.inputs else None
    if spec is None or not shell.outputs:
        return _NO_WORK
    return Work({shell.outputs[0]: spec}, Recipe(), 0, 0)


def plan_node(spot: Spot, answer: Answer) -> Planned:
    """A node's plan and problems, given what its block answered."""
    shell, around = spot.shell, spot.around
    flat = shell.flat
    _, work, inputs, outputs = answer
    recipe = work.recipe
    owner = around.owner or flat.path
    if recipe is not None and around.owned is not None:
        conflict = _sharing_conflict(flat.path, recipe, around)
        if conflict is not None:
            recipe = None
            work = Work(outputs=work.outputs, summary=work.summary, faults=(*work.faults, conflict))
    # By position, which takes half as long: this runs for every block behind a changed shape.
    plan = NodePlan(
        flat.path,
        flat.top,
        flat.node.block,
        spot.params,
        spot.sources,
        inputs,
        outputs,
        recipe,
        _held(flat.node.frozen, recipe) if flat.node.frozen or (recipe and recipe.fixed) else flat.node.frozen,
        recipe.parameter_count if recipe and recipe.parameters and owner == flat.path else 0,
        work.macs,
        work.activation_bytes,
        work.summary,
        owner,
        spot.data,
    )
    if spot.has_problems or work.refusal or work.remarks or work.faults:
        return plan, _problems(plan, spot, work)
    return plan, ()


def _problems(plan: NodePlan, spot: Spot, work: Work) -> tuple[Problem, ...]:
    shell, around, path = spot.shell, spot.around, plan.path
    problems = [*shell.problems, *around.missing, *work.faults]
    if work.refusal is not None:
        problems.append(_shape_problem(plan, work.refusal))
    for remark in work.remarks:
        message = ended(f'"{path}" {remark.message}')
        problems.append(Problem("warning", remark.code, path, remark.port, message, remark.hint, remark.fix))
    node = shell.flat.node
    if plan.recipe is not None and not node.bypass:
        if around.starts:
            problems += judge_starts(plan, plan.recipe, around.starts)
        if node.frozen:
            problems += _unknown_frozen(path, node.frozen, plan.recipe)
    return tuple(problems)


def _held(frozen: frozenset[str], recipe: Recipe | None) -> frozenset[str]:
    """The parameters that are not trained: those the user froze, as far as they exist, and those the block holds."""
    return (frozen & {tensor.name for tensor in recipe.parameters}) | recipe.fixed if recipe else frozen


def _shape_problem(plan: NodePlan, error: ShapeError) -> Problem:
    message = _with_source(error.message.rstrip("."), plan, error.port)
    text = ended(f'"{plan.path}" {message}')
    return Problem("error", error.code, plan.path, error.port, text, error.hint, error.fix)


def _with_source(message: str, plan: NodePlan, port: str | None) -> str:
    """`… but gets 784 numbers from "data.x"`: who sends it is told where the message says what arrives."""
    source, spec = (plan.sources.get(port), plan.inputs.get(port)) if port else (None, None)
    if source is None or spec is None:
        return message
    before, what, after = message.partition(f" gets {received(spec)}")
    if not what or after[:1] not in {"", ","}:
        return message
    name = source[0] if source[1] == "out" else ".".join(source)
    return f'{before}{what} from "{name}"{after}'


def _unknown_frozen(path: str, frozen: frozenset[str], recipe: Recipe) -> list[Problem]:
    names = [tensor.name for tensor in recipe.parameters]
    wrong = sorted(frozen.difference(names))
    if not wrong:
        return []
    there = f"its parameters are {quoted(names)}" if names else "it has no parameters"
    message = f'"{path}" freezes {quoted(wrong)}, but {there}.'
    return [Problem("warning", "G18", path, None, message, "Take the name off its frozen parameters.")]


def _sharing_conflict(path: str, recipe: Recipe, around: Surroundings) -> Problem | None:
    """Weights that are shared must have one shape in every use."""
    if around.owned is None:
        return None
    wanted = {tensor.name: tensor.shape for tensor in recipe.parameters}
    there = {tensor.name: tensor.shape for tensor in around.owned}
    if wanted == there:
        return None
    name = next((name for name in wanted if wanted[name] != there.get(name)), "")
    message = (
        f'"{path}" shares the weights of "{around.owner}", but its {name or "parameters"} would be '
        f"{_sizes(wanted.get(name))} and not {_sizes(there.get(name))}."
    )
    return Problem("error", "G16", path, None, message, "Give both the same input shape, or do not share.")


def _sizes(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else shape_text(shape)
