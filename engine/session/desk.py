"""The questions a session answers beside the training; a question that cannot be answered changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

import torch

from engine.data.filefacts import read_facts
from engine.data.preview import describe, preview
from engine.dataspec import SPLITS
from engine.events import (
    Array,
    Evaluated,
    Event,
    Exported,
    FactsRead,
    Predicted,
    Previewed,
    RunLoaded,
    Said,
    Traced,
    WeightsTaken,
    copied,
)
from engine.facts import FactsCache
from engine.plan import check
from engine.problem import ChainruleError
from engine.session import answers, commands
from engine.session.commands import Command
from engine.training.loading import Loaded
from engine.training.run import Run
from engine.training.trained import put_weights

_NOTHING = copied([], float)
_SHOWN = 6


@final
class Desk:
    """Takes commands that ask something or set weights."""

    def __init__(
        self,
        post: Callable[[Event], None],
        ready_run: Callable[[], Run],
        loaded: Callable[[], Loaded | None],
        folder: Path | None,
    ) -> None:
        """Args: `ready_run` gives the run, loading it first where needed; `loaded` what is loaded by now."""
        self._post, self._ready_run, self._loaded, self._folder = post, ready_run, loaded, folder
        self._handlers: dict[type[Command], Callable[[Any], bool]] = {
            commands.SetParameter: self._set_parameter,
            commands.LoadWeights: self._load_weights,
            commands.TakeWeights: self._take_weights,
            commands.LoadRun: self._load_run,
            commands.Evaluate: self._evaluate,
            commands.Predict: self._predict,
            commands.Trace: self._trace,
            commands.Export: self._export,
            commands.Preview: self._preview,
            commands.ReadFacts: self._read_facts,
        }

    def answer(self, command: Command) -> bool:
        """Do what is asked; whether that changed weights."""
        return self._handlers[type(command)](command)

    # -- weights --

    def _set_parameter(self, command: commands.SetParameter) -> bool:
        return self._overwrite({command.name: command.value})

    def _load_weights(self, command: commands.LoadWeights) -> bool:
        return self._overwrite(command.weights)

    def _overwrite(self, given: Mapping[str, Array]) -> bool:
        now = self._ready_run().weights()
        fitting = {name: value for name, value in given.items() if name in now and now[name].shape == value.shape}
        with torch.no_grad():
            for name, value in fitting.items():
                now[name].copy_(torch.from_numpy(value))
        lost = [name for name in given if name not in fitting]
        if lost:
            names = ", ".join(lost[:_SHOWN]) + (" …" if len(lost) > _SHOWN else "")
            self._post(Said("warning", f"These values fit no parameter and were left out: {names}."))
        return bool(fitting)

    def _take_weights(self, command: commands.TakeWeights) -> bool:
        run = self._ready_run()
        weights = {name: copied(value.detach().cpu().numpy()) for name, value in run.weights().items()}
        self._post(WeightsTaken(command.request, weights, run.trainer.steps))
        return False

    def _load_run(self, command: commands.LoadRun) -> bool:
        try:
            remark = put_weights(self._ready_run(), command.path)
        except ChainruleError as error:
            self._post(RunLoaded(command.request, str(command.path), str(error)))
            return False
        if remark:
            self._post(Said("warning", remark))
        self._post(RunLoaded(command.request, str(command.path)))
        return True

    # -- the network --

    def _evaluate(self, command: commands.Evaluate) -> bool:
        if command.split not in SPLITS:
            self._post(Said("warning", f'There is no part "{command.split}" of the data.'))
            return False
        found = self._ready_run().evaluate(command.split)
        metrics = {name: value for name, value in found.metrics.items() if value is not None}
        loss = float("nan") if found.loss is None else found.loss
        self._post(Evaluated(command.split, loss, metrics, found.samples))
        return False

    def _predict(self, command: commands.Predict) -> bool:
        try:
            answer, notes = answers.predict(self._ready_run(), command.data, command.request)
        except ChainruleError as error:
            self._post(Predicted(command.request, _NOTHING, error=str(error)))
            return False
        for note in notes:
            self._post(Said("info", note))
        self._post(answer)
        return False

    def _trace(self, command: commands.Trace) -> bool:
        try:
            self._post(Traced(command.request, answers.trace(self._ready_run(), command.batch, command.sample)))
        except (ChainruleError, IndexError, RuntimeError, ValueError) as error:
            self._post(Traced(command.request, {}, str(error)))
        return False

    def _export(self, command: commands.Export) -> bool:
        try:
            paths = answers.export(self._ready_run(), command.kind, command.path)
        except ChainruleError as error:
            self._post(Exported(command.request, error=str(error)))
            return False
        self._post(Exported(command.request, tuple(str(path) for path in paths)))
        return False

    # -- data --

    def _preview(self, command: commands.Preview) -> bool:
        loaded = self._loaded()
        plan = check(command.project, FactsCache(self._folder).lookup).nodes.get(command.node)
        if plan is None:
            self._post(Previewed(command.node, error=f'There is no block "{command.node}".'))
            return False
        known = loaded.data.get(command.node) if loaded is not None else None
        if known is not None and dict(known.params) == dict(plan.params):
            self._post(describe(known, command.node))
        else:
            self._post(preview(plan.params, self._folder, command.node))
        return False

    def _read_facts(self, command: commands.ReadFacts) -> bool:
        self._post(FactsRead(command.key, read_facts(command.params, command.folder)))
        return False
