"""The processes of a launch find each other at a store that may hold what processes before them left there.

torchrun starts processes anew when one is lost and when a machine joins or leaves, some at a store that stays: a name
for their keys is needed that no process before used. The environment has none: TORCHELASTIC_RESTART_COUNT stays the
same when a machine joins, and is another on a machine that came later. So the leader draws one, and each process asks
for it under a name of its own, which no process before can have answered.
"""

from __future__ import annotations

import secrets
import socket
import time

from torch._C._distributed_c10d import Store

from engine.diskfile import reason
from engine.problem import ChainruleError
from engine.wording import plural

_AGAIN = 0.01
"""Seconds between two looks at who has come."""

_RETRY, _ANSWER = 0.2, 5.0
"""Seconds between two tries to reach the store, and that one try may take."""


def reach(host: str, port: int, seconds: float) -> None:
    """Wait until somebody listens there: PyTorch, which would try by itself, tells pages of its own about failures.

    Raises:
        ChainruleError: T05, nobody does.
    """
    last = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, port), _ANSWER).close()
        except OSError as error:
            if time.monotonic() < last:
                time.sleep(_RETRY)
                continue
            raise ChainruleError(
                f"{host}:{port}, where the processes meet, cannot be reached from here: {reason(error)}.",
                code="T05",
                hint="See that the name leads to the first machine, and that no firewall is between.",
            ) from None
        return


def meet(store: Store, rank: int, size: int, seconds: float) -> str:
    """A name that the processes which meet now share, and no others.

    Args:
        store: the same for all.
        rank: number of this process.
        size: how many there are.
        seconds: to wait for the others.

    Raises:
        ChainruleError: T05, some of them do not come.
        RuntimeError: the store cannot be reached.
    """
    if rank == 0:
        return _welcome(store, size, seconds)
    mine = secrets.token_hex(8)
    store.set(_came(rank, size), mine)
    last = time.monotonic() + seconds
    while not store.check([_answer(mine)]):
        if time.monotonic() > last:
            raise _alone("process 0", seconds)
        time.sleep(_AGAIN)
    name = store.get(_answer(mine)).decode()
    store.set(_heard(name, rank), "")
    return name


def _welcome(store: Store, size: int, seconds: float) -> str:
    """Tell everybody who asks, also in the place of one who asked before, until all have heard."""
    name = secrets.token_hex(8)
    asked = dict.fromkeys(range(1, size), "")
    last = time.monotonic() + seconds
    while asked:
        for rank, before in list(asked.items()):
            who = store.get(_came(rank, size)).decode() if store.check([_came(rank, size)]) else ""
            if who != before:
                store.set(_answer(who), name)
                asked[rank] = who
            if who and store.check([_heard(name, rank)]):
                del asked[rank]
        if asked and time.monotonic() > last:
            some = ", ".join(map(str, list(asked)[:5])) + (", …" if len(asked) > 5 else "")
            raise _alone(f"{plural(len(asked), 'process')} of {size} (number {some})", seconds)
        time.sleep(_AGAIN if asked else 0.0)
    return name


def _came(rank: int, size: int) -> str:
    return f"chainrule/came/{size}/{rank}"


def _answer(who: str) -> str:
    return f"chainrule/answer/{who}"


def _heard(name: str, rank: int) -> str:
    return f"chainrule/heard/{name}/{rank}"


def _alone(who: str, seconds: float) -> ChainruleError:
    return ChainruleError(
        f"The processes of the training do not find each other: nothing was heard of {who} for {seconds:,.0f} seconds.",
        code="T05",
        hint="See what the others say, and that all were started with the same --nnodes and --rdzv-endpoint.",
    )
