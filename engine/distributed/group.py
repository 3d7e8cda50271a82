"""The processes of a training as they talk to each other."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, final

import torch
import torch.distributed as dist
from torch import Tensor
from torch._C._distributed_c10d import Store

from engine.problem import ChainruleError, FileError, GraphError
from engine.training.crew import Crew

T = TypeVar("T")

_SAID = "chainrule/said"
_SIGNS = ("gloo", "nccl", "connection", "broken pipe", "socket", "tcpstore", "timed out")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""The first one counts more, where both came."""


@final
class Group(Crew):
    """All processes, over torch's process group.

    Attributes:
        device: where this one computes.
        local_size: how many run on this machine.
        signal: number of the signal that asked one of them to stop, as far as all know of it; 0 for none.
        own_signal: of the one that asked this process, which the others do not know of yet.
    """

    def __init__(self, rank: int, size: int, device: torch.device, local_size: int, store: Store) -> None:
        """Args: `store` they met at; the process group has been formed."""
        self.rank, self.size, self.device, self.local_size, self._store = rank, size, device, local_size, store
        self.signal = self.own_signal = 0
        self._common: ChainruleError | None = None
        self._time = time.monotonic()

    def gathered(self, value: Any) -> list[Any]:
        text = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
        lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        dist.all_gather(lengths, torch.tensor([len(text)]))
        longest = int(max(lengths))
        texts = [torch.zeros(longest, dtype=torch.uint8) for _ in range(self.size)]
        dist.all_gather(texts, torch.cat((text, torch.zeros(longest - len(text), dtype=torch.uint8))))
        pairs = zip(texts, lengths, strict=True)
        return [json.loads(bytes(each[: int(length)].tolist())) for each, length in pairs]

    def of_leader(self, value: Any) -> Any:
        """What the leader brings; of the others nothing counts."""
        return self.gathered(value if self.leads else None)[0]

    def sum(self, numbers: Tensor) -> Tensor:
        """Add up a tensor over all processes, in place; on `device`, or on the CPU."""
        dist.all_reduce(numbers)
        return numbers

    def together(self, numbers: Sequence[float]) -> list[float]:
        """The sums of some numbers over all processes, to the bit the same in each.

        At the same time all learn whether one was asked to stop, and what time it is at the leader.
        """
        now = time.monotonic() if self.leads else 0.0
        asked = [float(self.own_signal == signal) for signal in _SIGNALS]
        row = self.sum(torch.tensor([now, *asked, *numbers], dtype=torch.float64)).tolist()
        self._time, asked, sums = row[0], row[1 : 1 + len(_SIGNALS)], row[1 + len(_SIGNALS) :]
        self.signal = next((signal for signal, count in zip(_SIGNALS, asked, strict=True) if count), 0)
        return sums

    def clock(self) -> float:
        """Seconds at the leader, when `together` was last called: the same in all processes."""
        return self._time

    def agreed(self, work: Callable[[], T]) -> T:
        """What work comes to here, if it fails in no process. Nothing in it may wait for another process.

        Raises:
            ChainruleError: in all processes the first one's, which is named where it is not the leader.
        """
        made: list[T] = []
        failure: ChainruleError | None = None
        try:
            made.append(work())
        except ChainruleError as error:
            failure = error
        told = [
            None if failure is None else [isinstance(failure, FileError), failure.message, failure.code, failure.hint]
        ]
        for rank, (of,) in enumerate(self.gathered(told)):
            if of is not None:
                is_file, message, code, hint = of
                where = f"Process {rank}: " if rank else ""
                kind = FileError if is_file else ChainruleError
                raise self.common(kind(f"{where}{message}", code=code, hint=hint)) from failure
        return made[0]

    def common(self, error: ChainruleError) -> ChainruleError:
        """An error that all processes raise now."""
        self._common = error
        return error

    def shares(self, error: Exception) -> bool:
        """Whether the others failed as this process did, so that nobody waits for anybody: the graph is that of all."""
        return error is self._common or isinstance(error, GraphError)

    # -- when something goes wrong --

    def says(self) -> bool:
        """Whether this process is to tell what went wrong: the first one that asks."""
        try:
            return bool(self._store.add(_SAID, 1) == 1)
        except (RuntimeError, ValueError):  # with its host the store is gone
            return self.leads


def is_lost(error: BaseException) -> bool:
    """Whether an error says that another process cannot be reached any more."""
    while True:
        text = str(error).lower()
        if isinstance(error, dist.DistError) or (
            isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)
        ):
            return True
        if error.__cause__ is None:
            return False
        error = error.__cause__
