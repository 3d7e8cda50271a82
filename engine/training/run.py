"""A training from its first step to its end: epochs, validation, early stopping, the records of all that."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, final

from torch import Tensor

from engine.checkpoints import Standing, best_epoch, disk_use, trains
from engine.dataspec import Split
from engine.events import FAST_LEFT, FAST_REFUSED, EpochEnd, Event, HyperChanged, Said, Scalars
from engine.fingerprint import fingerprint
from engine.problem import GraphError
from engine.snapshots import KernelMaking, RunSaved
from engine.training import handover, saving
from engine.training.best import Best
from engine.training.errors import StepError
from engine.training.evaluation import Evaluation, Validations, evaluate
from engine.training.loading import Loaded
from engine.training.recent import Recent
from engine.training.records import epoch_record, epoch_records
from engine.training.run_disk import RunDisk
from engine.training.saving import Folder
from engine.training.setup import Make, batch_norm_in, make_stopping, make_trainer, say_how, watched_value
from engine.training.trail import Trail
from engine.training.updates import Memory
from engine.training.watched import Watched

Post = Callable[[Event], None]


@final
class Run:
    """One run. `tick` does one unit of work: a training step, or a batch of the validation.

    Attributes:
        loaded: what it trains.
        trainer: does the steps.
        planned: epochs until it is over.
        records: every epoch's record, in order.
        validations: made of it; `count_classes`: they count which class is taken for which.
        watched: what tells its best epoch, and ends it early.
        disk: its directory, and the way there.
        trail: the path of its weights, where somebody keeps it.
        threads: that it is computed with; None: not decided.
    """

    def __init__(
        self,
        loaded: Loaded,
        post: Post,
        *,
        seed: int | None = None,
        folder: Folder | None = None,
        memory: tuple[Mapping[str, Memory], ...] = (),
        make: Make = make_trainer,
    ) -> None:
        """Build the network and begin at step 0.

        Args:
        loaded: a project that can be trained.
        post: takes the events.
        seed: in place of the settings'.
        folder: where it leaves its files, or None.
        memory: what the optimizers of an earlier run remember.
        make: builds the network and what trains it.

        Raises:
            GraphError: there is nothing to minimise, or the network cannot be built.
        """
        result = loaded.result
        if not result.phases:
            raise GraphError("There is nothing to minimise.", code="G01", hint="Add a Loss.")
        self.loaded, self._post = loaded, post
        self.seed: int = result.settings["seed"] if seed is None else seed
        self.trainer = make(loaded, self.seed, memory, self._say)
        self.trainer.fast.tell_making(lambda going: post(KernelMaking(going)))
        say_how(self.trainer, self._say)
        self.validation_data = loaded.part("val")
        self.planned: int = result.settings["epochs"]
        self.records: list[dict[str, Any]] = []
        monitor = watched_value(loaded, self.trainer.meter.names, self._say)
        self.watched = Watched(monitor, make_stopping(loaded, monitor), self.trainer.net)
        self.validations, self.count_classes = Validations(self.trainer, self.validation_data), False
        self._recent = Recent()
        self.samples_seen = self._seconds = self._samples = 0.0
        self.disk = RunDisk(folder)
        self.threads: int | None = None
        self.trail: Trail | None = None
        for remark in loaded.remarks:
            post(Said("warning", remark))

    @property
    def batch_norm(self) -> str:
        """Path of a live block that normalises over the batch, "" when there is none."""
        return batch_norm_in(self.loaded)

    def _say(self, sentence: str) -> None:
        self._post(Said("info", sentence))

    # -- going --

    @property
    def over(self) -> bool:
        """Whether the planned training is done, by its epochs or early."""
        return self.watched.ended or self.trainer.epochs >= self.planned

    def tick(self, size: int | None = None, most: int = 1) -> None:
        """One training step (of `size` samples), or one batch of the validation that ends an epoch.

        A checkpoint follows where one is due. In fast-forward it may be up to `most` steps of one epoch.

        Raises:
            StepError: nothing has changed.
        """
        disk, trainer = self.disk, self.trainer
        folder = disk.folder
        if folder is not None:
            most = min(most, disk.pace.room(folder.plan, trainer.steps, trainer.epochs, trainer.steps_per_epoch))
        try:
            if size is not None or not self._make_epochs(most // trainer.steps_per_epoch):
                self._work(size, most)
        except StepError:
            disk.write_lines()
            raise
        if disk.waiting and (disk.lines_due or self.over):
            disk.write_lines()
        if folder is None or not disk.pace.due(folder.plan, trainer.steps, trainer.epochs):
            return
        if self.unsaved and not self.busy:
            self.save()

    def _work(self, size: int | None, most: int) -> None:
        if not self.validations.going and not self.epoch_waits:
            began, before = time.perf_counter(), self.trainer.loss_weight
            made = self.trainer.advance(most, size)
            self._seconds += time.perf_counter() - began
            self._samples += self.trainer.loss_weight - before
            self.samples_seen += self.trainer.loss_weight - before
            self._recent.add(self.trainer, made)
            self._pass_on()
            if not self.trainer.epoch_over or self.validation_data:
                return  # the validation is the next ticks' work
        self._validate()

    def _make_epochs(self, most: int) -> bool:
        """Several epochs in one call, where one can make them; False: none."""
        trainer, most = self.trainer, min(most, self.planned - self.trainer.epochs)
        if most < 2 or not trainer.whole or self.watched.stopping is not None or self.busy or not self.between_epochs:
            return False
        made = trainer.advance_epochs(most, self.validations.looks(), keep=self.disk.folder is not None)
        if made is None:
            return False
        if made.judged is not None:
            self.validations.made_elsewhere(made.judged.outputs, count_classes=self.count_classes)
        self._recent.add_epochs(trainer, made)
        self.samples_seen += made.samples
        records = epoch_records(trainer, made, self.validations.targets)
        if self.disk.folder is not None:
            self.watched.see_best_of(records, partial(made.weights, trainer.net))
        for record in records:
            self._tell(record)
        return True

    def _pass_on(self) -> None:
        """What fast-forward has to say."""
        if self.trainer.fast.remark:
            topic = FAST_LEFT if self.trainer.fast.left else FAST_REFUSED
            self._post(Said("warning", self.trainer.fast.told(), topic))

    @property
    def epoch_waits(self) -> bool:
        """Whether an epoch's samples are used up, but its end has not been dealt with."""
        return self.trainer.loss_weight > 0 and self.trainer.epoch_over

    @property
    def busy(self) -> bool:
        """Whether it is at the end of an epoch that is still to be judged."""
        return self.validations.going or self.epoch_waits

    @property
    def between_epochs(self) -> bool:
        """Whether no epoch has begun that has not ended."""
        return self.trainer.loss_weight == 0

    def _validate(self) -> None:
        found = None
        if self.validation_data:
            found = self.validations.advance(count_classes=self.count_classes)
            if found is None:
                return
        self._end_epoch(found)

    def _end_epoch(self, found: Evaluation | None) -> None:
        record = self._record(self.trainer.epochs + 1, found)
        reduced = self._close(record)
        if self.disk.folder is not None:
            self.watched.see_best(record)
        self._pass_on()
        self._tell(record)
        if reduced:
            self._say(f"The learning rate fell to {self.trainer.lr:.3g}: {self.watched.monitor} stood still.")

    def _close(self, record: Mapping[str, Any]) -> bool:
        """What the end of an epoch does to the training; whether a learning rate was reduced."""
        value = self.watched.value(record)
        reduced = self.trainer.end_epoch(value)
        self.watched.judge(value, self.trainer.epochs)
        if self.over:
            self.watched.put_best_back()
        return reduced

    def _record(self, epoch: int, found: Evaluation | None) -> dict[str, Any]:
        return epoch_record(self.trainer, epoch, found, self._samples / self._seconds if self._seconds else None)

    def _tell(self, record: dict[str, Any]) -> None:
        self._seconds = self._samples = 0.0
        self.records.append(record)
        self.disk.add(record)
        self._post(EpochEnd(record))

    def end_partial_epoch(self) -> None:
        """A record of an epoch that is not complete (`train --steps`); the epoch itself goes on."""
        if self.between_epochs or self.epoch_waits:
            return
        found = evaluate(self.trainer, self.validation_data, often=True) if self.validation_data else None
        kept = self.trainer.meter.state()
        record = self._record(self.trainer.epochs + 1, found)
        self.trainer.meter.restore(kept)
        self._tell(record)
        self.disk.write_lines()

    def plan(self, epochs: int | None = None, steps: int | None = None) -> None:
        """Make room for so many epochs or steps in all."""
        wanted = epochs or 0
        if steps is not None and epochs is None:
            wanted = -(-steps // self.trainer.steps_per_epoch)
        self.planned = max(self.planned, wanted)

    def extend(self) -> None:
        """Let a training that is over go on for as many epochs again."""
        if self.watched.stopping is not None:
            self.watched.stopping.go_on()
        if self.over:
            self.planned = self.trainer.epochs + int(self.loaded.result.settings["epochs"])

    def ending(self) -> str:
        """A sentence on why the training is over, "" while it is not or when all epochs were made."""
        return "" if self.watched.stopping is None else self.watched.stopping.sentence()

    def go_on_from(self, old: Run) -> None:
        """Take over position, records and random states of a run whose project was edited."""
        data, before = self.loaded.data, old.loaded.data
        same_data = data.keys() == before.keys() and all(data[path] is before[path] for path in data)
        handover.take_over(self.trainer, old.trainer, same_data=same_data)
        self.records = old.records
        self.samples_seen = old.samples_seen
        self.disk.pace.stands(self.trainer.steps, self.trainer.epochs)
        same_network = fingerprint(self.loaded.project) == fingerprint(old.loaded.project)
        patience: int = self.loaded.result.settings["patience"]
        self.watched.go_on_from(old.watched, patience=patience, same_task=same_data and same_network)

    def scalars(self) -> Scalars | None:
        """The steps made since the last call."""
        return self._recent.take()

    # -- asking and changing --

    def evaluate(self, split: Split) -> Evaluation:
        """Loss and metrics on one part of the data."""
        return evaluate(self.trainer, self.loaded.part(split))

    def set_hyper(self, name: str, value: float | bool | None) -> None:
        """Change a live hyperparameter and record that."""
        old, self.disk.pace.changed = self.trainer.set_hyper(name, value), True
        change = {"step": self.trainer.steps, "name": name, "old": old, "new": value}
        self.disk.write(lambda folder: folder.add_change(change))
        self._post(HyperChanged(self.trainer.steps, name, old, value))

    def weights(self) -> dict[str, Tensor]:
        """All parameters and buffers as they are now; not copied."""
        return dict(self.trainer.net.state_dict())

    # -- its state --

    def state(self) -> dict[str, Any]:
        """Everything to go on from to the bit."""
        stopping = self.watched.stopping
        known = None if stopping is None else stopping.state()
        return {"trainer": handover.state_of(self.trainer), "seed": self.seed, "stopping": known}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from the `state` of a run of the same project. Raises as `handover.restore`."""
        handover.restore(self.trainer, state["trainer"])
        self.seed = state["seed"]
        self.validations.going = False
        if self.watched.stopping is not None and state["stopping"] is not None:
            self.watched.stopping.restore(state["stopping"])

    def redo(self, size: int | None, ends: Mapping[int, Mapping[str, Any]], most: int = 1) -> None:
        """Make a step that was made before once more, silently, and end its epoch as it ended then.

        Args:
            size: samples of the step; None: a batch.
            ends: records of epochs by number.
            most: steps at most, in fast-forward.
        """
        self.trainer.advance(most, size)
        record = ends.get(self.trainer.epochs + 1)
        if self.epoch_waits and record is not None:
            self._close(record)

    def show_records(self, records: list[dict[str, Any]]) -> None:
        """Let the records be these, which lead to where the run is now; in its directory, too."""
        self.disk.write_lines()
        before = self.records[-1]["epoch"] if self.records else 0
        self.records, self.disk.pace.changed = records, True
        self.watched.best.gone_back(self.trainer.epochs)

        def write(folder: Folder) -> None:
            folder.cut_records(self.trainer.steps, self.trainer.epochs)
            folder.add_records([record for record in records if record["epoch"] > before])

        self.disk.write(write)

    # -- its directory --

    def taken_up(self, folder: Folder) -> None:
        """It stands where the last checkpoint of a directory does, and goes on in that."""
        self.disk.folder = folder
        self.watched.best = Best(self.watched.monitor, best_epoch(folder.path))
        self.disk.pace.stands(self.trainer.steps, self.trainer.epochs)

    @property
    def unsaved(self) -> bool:
        """Whether the run has changed since the last `save`, or lines wait for others."""
        return self.disk.behind(self.trainer.steps)

    def save(self) -> None:
        """Write weights and checkpoint into the run directory, if there is one. Raises FileError."""
        self.disk.write_lines()
        self.disk.write(self._save)

    def _save(self, folder: Folder) -> None:
        self.disk.pace.begin()
        trainer, project = self.trainer, self.loaded.project
        standing = Standing(trainer.steps, trainer.epochs, self.planned, self.over, trains(project))
        state = {**self.state(), "planned": self.planned, "data": self.loaded.sketches()}
        saving.write(folder, project, self.weights(), state, standing, self.watched.best)
        self.disk.pace.end(trainer.steps, trainer.epochs)
        size, _ = disk_use(folder.path)
        self._post(RunSaved(str(folder.path), trainer.steps, trainer.epochs, size))
