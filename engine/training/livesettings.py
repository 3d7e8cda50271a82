"""The settings of a training that may change while it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

from engine.training.choosing import Choice
from engine.training.forwarding import FastForward
from engine.training.modes import Modes
from engine.training.optimizers import filled_in
from engine.training.turns import Turns


@final
class LiveSettings:
    """Those of `settings.LIVE`, of one training."""

    def __init__(self, turns: Turns, modes: Modes, choice: Choice, fast: FastForward) -> None:
        self._turns, self._modes, self._choice, self._fast = turns, modes, choice, fast

    def set(self, name: str, value: Any) -> Any:
        """Change one in every phase that has the first one's value; the old value."""
        if name == "dropout_off":
            was, self._modes.dropout_off = self._modes.dropout_off, bool(value)
            self._modes.train()
            self._choice.begin_again()
            self._fast.begin_again()
            return was
        if name == "fast_forward":
            was, self._fast.wanted = self._fast.wanted, bool(value)
            return was
        old = getattr(self._turns.all[0].updater.hyper, name)
        for turn in self._turns.all:
            updater = turn.updater
            if getattr(updater.hyper, name) == old:
                updater.hyper = replace(updater.hyper, **{name: filled_in(updater.kind, name, value)})
        return old

    def has(self, name: str, value: Any) -> bool:
        """Whether one has this value, in the first phase."""
        if name == "dropout_off":
            return self._modes.dropout_off == bool(value)
        if name == "fast_forward":
            return self._fast.wanted == bool(value)
        updater = self._turns.all[0].updater
        return bool(getattr(updater.hyper, name) == filled_in(updater.kind, name, value))
