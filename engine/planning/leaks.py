"""Predictions that know the answer, and losses that ask for none: what is learned is not worth knowing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import final

from engine.planning.structure import Structure
from engine.planning.sweep import Plans
from engine.problem import Problem
from engine.result import Source

_SHOWN = 10

End = tuple[str, str]
"""(path, input port)."""


def judge_targets(inputs: Iterable[str], structure: Structure, plans: Plans) -> list[Problem]:
    """A warning at each block into which the targets of a data set are wired and lead to a prediction.

    That is so where the same targets judge the prediction, or stand in for the inputs of their data set, which nobody
    reads. An autoencoder, whose target are the inputs, is neither.

    `inputs` are the paths of all data sets, in order.
    """
    problems: list[Problem] = []
    for path in inputs:
        shell = plans.shells[path]
        for port, kind in zip(shell.outputs, shell.output_kinds, strict=False):
            if kind == "target":
                problems += _Targets((path, port), structure, plans).problems()
    return problems[:_SHOWN]


def judge_losses(inputs: Iterable[str], structure: Structure, plans: Plans) -> list[Problem]:
    """A warning at each loss that compares a prediction with itself.

    Targets of a data set that are the prediction as well are told by `judge_targets`.
    """
    answers = [
        (path, port)
        for path in inputs
        for port, kind in zip(plans.shells[path].outputs, plans.shells[path].output_kinds, strict=False)
        if kind == "target"
    ]
    losses = [path for path in plans.objectives if path not in structure.in_loop]
    problems: list[Problem] = []
    for path in sorted(losses, key=structure.position.__getitem__):
        shell, sources = plans.shells[path], plans.plans[path].sources
        kinds = dict(zip(shell.inputs, shell.input_kinds, strict=False))
        told = {sources[port] for port, kind in kinds.items() if kind != "target" and port in sources}
        for port, kind in kinds.items():
            if kind != "target" or sources.get(port) not in told or sources[port] in answers:
                continue
            if not any(problem.severity == "error" for problem in plans.issues.get(path, ())):
                problems.append(_with_itself(path, port, sources[port], answers, read=sources[port][0] in inputs))
    return problems[:_SHOWN]


def _with_itself(path: str, port: str, source: Source, answers: list[Source], *, read: bool) -> Problem:
    """`read`: it is data that are compared with themselves, so that no network plays a part."""
    name = ".".join(source)
    message = f'"{path}" compares "{name}" with itself, so nothing tells the network what is right.'
    hint = "Connect what the prediction should be to its target."
    if read:
        hint = "Connect the output of the network to its prediction."
    elif len(answers) == 1:
        hint = f'Connect "{".".join(answers[0])}" to its target instead.'
    return Problem("warning", "G27", path, port, message, hint)


@final
class _Targets:
    """One field of targets, followed through the graph."""

    def __init__(self, source: Source, structure: Structure, plans: Plans) -> None:
        self.source = source
        self.structure = structure
        self.plans = plans

    def problems(self) -> Iterator[Problem]:
        """One for each block that passes the targets on to a prediction."""
        doors = list(self._doors())
        if not doors:
            return
        reached = self._reached(doors)
        features = self._unread_features()
        for loss, ends in self._predictions(reached).items():
            if not (features or self._is_target(loss, reached)):
                continue
            behind = self._behind(ends, reached)
            for path, port in doors:
                if (path in behind or (path, port) in ends) and not self._is_refused(path, port):
                    yield self._problem(path, port, loss, features)

    def _problem(self, path: str, port: str, loss: str, unread: list[str]) -> Problem:
        wire = f"{'.'.join(self.source)} → {path}.{port}"
        message = f'"{path}" gets the targets through the wire {wire}, so the prediction of "{loss}" knows the answer'
        others = [name for name, kind in self._outputs() if kind != "target"]
        hint = "Remove the wire."
        if len(others) == 1:
            hint = f'Connect "{self.source[0]}.{others[0]}" to it instead.'
        if unread:
            message += f", and {' and '.join(unread)} is read by nothing"
        return Problem("warning", "G26", path, port, f"{message}.", hint)

    def _is_refused(self, path: str, port: str) -> bool:
        """Whether the block does not take the targets anyway, such as labels where it needs real numbers."""
        issues = self.plans.issues.get(path, ())
        return any(problem.severity == "error" and problem.port == port for problem in issues)

    def _outputs(self) -> list[tuple[str, str]]:
        shell = self.plans.shells[self.source[0]]
        return list(zip(shell.outputs, shell.output_kinds, strict=False))

    def _unread_features(self) -> list[str]:
        """The fields beside the targets, if there are some and none is wired."""
        path = self.source[0]
        named = self.structure.flat[path].named
        others = [name for name, kind in self._outputs() if kind != "target"]
        return [] if any(name in named for name in others) else [f'"{path}.{name}"' for name in others]

    # -- following --

    def _takes(self, path: str) -> list[tuple[str, Source]]:
        """Input ports that play a part, and where their values come from; of a muted node only the first does."""
        shell, sources = self.plans.shells[path], self.plans.plans[path].sources
        if shell.flat.node.bypass:
            return [(port, sources[port]) for port in shell.inputs[:1] if port in sources]
        return list(sources.items())

    def _kind(self, path: str, port: str) -> str:
        shell = self.plans.shells[path]
        return dict(zip(shell.inputs, shell.input_kinds, strict=False)).get(port, "value")

    def _doors(self) -> Iterator[End]:
        """Where the targets go in, other than as targets; muted nodes are passed over."""
        waiting, seen = [self.source[0]], {self.source[0]}
        while waiting:
            for path in self.structure.after.get(waiting.pop(), ()):
                if path in seen:
                    continue
                seen.add(path)
                muted = self.plans.shells[path].flat.node.bypass
                for port, real in self._takes(path):
                    if real == self.source and muted:
                        waiting.append(path)
                    elif real == self.source and self._kind(path, port) != "target":
                        yield path, port

    def _reached(self, doors: Iterable[End]) -> set[str]:
        """Everything whose value depends on the targets."""
        reached = {path for path, _ in doors}
        waiting = list(reached)
        while waiting:
            for path in self.structure.after.get(waiting.pop(), ()):
                if path not in reached and any(real[0] in reached for _, real in self._takes(path)):
                    reached.add(path)
                    waiting.append(path)
        return reached

    def _depends(self, real: Source, reached: set[str]) -> bool:
        return real == self.source or real[0] in reached

    def _predictions(self, reached: set[str]) -> dict[str, set[End]]:
        """Losses -> their inputs that depend on the targets and are none themselves."""
        position = self.structure.position
        found: dict[str, set[End]] = {}
        for path in sorted(reached, key=position.__getitem__):
            shell = self.plans.shells[path]
            if shell.objective and "target" in shell.input_kinds:
                taken = [port for port, real in self._takes(path) if self._depends(real, reached)]
                ends = {(path, port) for port in taken if self._kind(path, port) != "target"}
                if ends:
                    found[path] = ends
        return found

    def _is_target(self, loss: str, reached: set[str]) -> bool:
        takes = self._takes(loss)
        return any(self._depends(real, reached) for port, real in takes if self._kind(loss, port) == "target")

    def _behind(self, ends: set[End], reached: set[str]) -> set[str]:
        """What the values at these inputs depend on, as far as the targets reached."""
        found: set[str] = set()
        waiting = [real[0] for path, port in ends for name, real in self._takes(path) if name == port]
        while waiting:
            path = waiting.pop()
            if path in reached and path not in found:
                found.add(path)
                waiting += [real[0] for _, real in self._takes(path)]
        return found
