"""The text of a step as a function: of one step, or of many on batches that lie behind one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from torch import Tensor

from engine.training import scripted


@final
@dataclass(frozen=True, slots=True)
class StepText:
    """A step, line by line.

    Attributes:
        tensors: names of what is the same from step to step.
        fields: names of what the batch gives.
        numbers: names of the numbers that change from step to step.
        lines: that compute `loss` and `norm`, which is NaN unless both can be told.
        shown: names of the other results.
    """

    tensors: tuple[str, ...]
    fields: tuple[str, ...]
    numbers: tuple[str, ...]
    lines: tuple[str, ...]
    shown: tuple[str, ...]

    def once(self, name: str = scripted.NAME) -> str:
        """A function, of that name, of tensors, fields and numbers that returns loss, norm, and what is shown."""
        tensors = [f"{name}: Tensor" for name in (*self.tensors, *self.fields)]
        numbers = [f"{name}: float" for name in self.numbers]
        lines = [*self.lines, f"return {', '.join(['loss', 'norm', *self.shown])}"]
        return function([*tensors, *numbers], lines, name)

    def often(self) -> str | None:
        """A function of tensors, of the fields of all batches, `count` with `size` rows each, and of lists of numbers.

        It returns all losses, the last norm, and each of what is shown, of all batches in a row. It ends at a step
        whose loss or norm is not finite, and which therefore changed no weight. None: something that is shown is no
        result of a step.
        """
        made = {name for line in self.lines for name in line.partition(" = ")[0].split(", ")}
        if not all(name in made for name in self.shown):
            return None
        arguments = [f"{name}: Tensor" for name in self.tensors]
        arguments += [f"all_{name}: Tensor" for name in self.fields]
        arguments += ["count: int", "size: int", *(f"all_{name}: List[float]" for name in self.numbers)]
        every = [f"{name} = torch.narrow(all_{name}, 0, number * size, size)" for name in self.fields]
        every += [f"{name} = all_{name}[number]" for name in self.numbers]
        every += [*self.lines, "losses.append(loss)", *(f"all_{name}.append({name})" for name in self.shown)]
        every += ["if not math.isfinite(norm):", "    break"]
        lists = [f"all_{name} = torch.jit.annotate(List[Tensor], [])" for name in self.shown]
        start = ["losses = torch.jit.annotate(List[float], [])", *lists, "norm = float('nan')"]
        start.append("for number in range(count):")
        ends = ", ".join(["losses", "norm", *(f"torch.cat(all_{name})" for name in self.shown)])
        return function(arguments, [*start, *(f"    {line}" for line in every), f"return {ends}"])


@final
@dataclass(frozen=True, slots=True)
class Piece:
    """A function that another calls: of a step, or of an evaluation.

    Attributes:
        text: of it.
        tensors: that it is given first, the same at each call.
        fields: names of those of the batch, which follow.
        shows: whether one more result, the prediction, follows the numbers.
    """

    text: str
    tensors: Sequence[Tensor]
    fields: Sequence[str]
    shows: bool


def function(arguments: Sequence[str], lines: Sequence[str], name: str = scripted.NAME) -> str:
    """The text of a function."""
    whole = "\n".join(f"    {line}" for line in lines)
    return f"def {name}({', '.join(arguments)}):\n{whole}\n"
