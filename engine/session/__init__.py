"""The one door to a training: commands in, events out; behind it one thread that owns module, data and optimizer.

torch is imported by that thread alone, so opening a session costs the window nothing.
"""

from __future__ import annotations

import atexit
import queue
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from engine.events import Array, Event, RunState, StateChanged
from engine.graph import Project
from engine.mailbox import Mailbox
from engine.moments import Level
from engine.runplace import RunPlace
from engine.session import commands, stepcommands, surfacecommands
from engine.session.commands import Command, ExportKind, Grain, Until
from engine.session.thread import load, work
from engine.surfaceevents import SurfaceWanted
from engine.weightviews import Entry, On

__all__ = ["ExportKind", "Grain", "RunPlace", "Session", "Until", "load", "open"]


def open(
    project: Project, *, folder: Path | None = None, runs: RunPlace | None = None, threads: int | None = None
) -> Session:
    """A session for a project; it lives as long as the document, idle or running.

    Nothing is loaded before the first command that needs it.

    Args:
        project: any project, also one with problems.
        folder: of the graph file, which paths are relative to.
        runs: where each run makes a directory for its files before its first step; None: nowhere.
        threads: for torch; None: as many as the work of each training is worth.
    """
    return Session(project, folder=folder, runs=runs, threads=threads)


@final
class Session:
    """Every method returns at once; answers and news are events in `mailbox`.

    A command is taken up within one training step or 50 ms, whichever is longer. While nothing runs the worker sleeps.
    Methods may be called from any thread.
    """

    def __init__(self, project: Project, *, folder: Path | None, runs: RunPlace | None, threads: int | None) -> None:
        self.mailbox = Mailbox()
        self._state: RunState = "ready"
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(
            target=work, args=(self._commands, self._post, project, folder, runs, threads), name="chainrule session"
        )
        # A daemon, or a program that ends without closing would wait for ever; `_close_all` ends it in good order.
        self._thread.daemon = True
        self._thread.start()
        _open_sessions.add(self)

    def _post(self, event: Event) -> None:
        if isinstance(event, StateChanged):
            self._state = event.state
        self.mailbox.post(event)

    @property
    def state(self) -> RunState:
        """The state last posted."""
        return self._state

    # -- training --

    def play(self, until: Until | None = None) -> None:
        """Train until then, or for the epochs of the settings; when these are done, for as many again."""
        self._send(commands.Play(until or Until()))

    def pause(self) -> None:
        """Hold after the step under way; snapshots of what is watched follow."""
        self._send(commands.Pause())

    def step(self, grain: Grain = "batch") -> None:
        """One sample, batch or epoch, then pause."""
        self._send(commands.Step(grain))

    def stop(self) -> None:
        """End the training after the step under way; what was learned stays."""
        self._send(commands.Stop())

    def reset(self, seed: int | None = None) -> None:
        """Back to the start values, step 0; `seed` draws others."""
        self._send(commands.Reset(seed))

    def apply(self, project: Project, renamed: Mapping[str, str] | None = None) -> None:
        """Let an edited project run from here. Weights and optimizer state stay where `block.parameter` and shape do.

        Args:
            project: the edited one; one with errors changes nothing.
            renamed: old id -> new id of blocks.
        """
        self._send(commands.Apply(project, dict(renamed or {})))

    def set_hyper(self, name: str, value: float | bool | None) -> None:
        """Change one of `settings.LIVE` while it runs."""
        self._send(commands.SetHyper(name, value))

    # -- weights --

    def set_parameter(self, name: str, value: Array) -> None:
        """Overwrite `block.parameter`."""
        self._send(commands.SetParameter(name, value.copy()))

    def set_weights(self, numbers: Mapping[Entry, float]) -> None:
        """Overwrite single weights, by `block.parameter` and index; the others stay as they are at that moment."""
        self._send(stepcommands.SetWeights(tuple(numbers.items())))

    def follow(self, who: str, entries: Sequence[Entry]) -> None:
        """Tell these weights now, after every update, and whenever else they change: `Followed` events; () ends it.

        `who` names the one that asks: what it followed before is followed no longer.
        """
        self._send(stepcommands.FollowWeights(who, tuple(entries)))

    def weights(self, request: int) -> None:
        """Ask for all weights: a WeightsTaken follows."""
        self._send(commands.TakeWeights(request))

    def load_weights(self, weights: Mapping[str, Array]) -> None:
        """Overwrite everything that fits by name and shape."""
        self._send(commands.LoadWeights({name: value.copy() for name, value in weights.items()}))

    def load_run(self, path: Path, request: int) -> None:
        """Overwrite all weights with those of a run directory or weights file: a RunLoaded follows."""
        self._send(commands.LoadRun(path, request))

    def resume_run(self, path: Path, request: int) -> None:
        """Take the place of the training in a run directory, paused where its last checkpoint is: a RunResumed follows.

        Weights, optimizer, random states, place in the epoch and records are those of then, to the bit; `play` goes on
        and writes into that directory.
        """
        self._send(commands.ResumeRun(path, request))

    def keep_runs(self, place: RunPlace | None) -> None:
        """Where runs leave their files from now on; None: nowhere. A RunKept tells of each change."""
        self._send(commands.KeepRuns(place))

    # -- asking --

    def evaluate(self, split: str) -> None:
        """Loss and metrics on `train`, `val` or `test`: an Evaluated follows."""
        self._send(commands.Evaluate(split))

    def predict(self, data: Array | str, request: int) -> None:
        """Ask for predictions of rows or pictures, or of a file: a Predicted follows."""
        self._send(commands.Predict(data if isinstance(data, str) else data.copy(), request))

    def preview(self, node: str, project: Project, request: int) -> None:
        """Look at the data of an Input of a project: a Previewed follows."""
        self._send(commands.Preview(node, project, request))

    def trace(self, batch: int | None, request: int, sample: int | None = None) -> None:
        """One step with the present weights, number by number, without making it: a Traced follows.

        Args:
            batch: counts the batches of the present epoch from 0; None: the batch of the next step.
            request: comes back in the answer.
            sample: this one of the batch alone, from 0; None: the whole batch.
        """
        self._send(commands.Trace(batch, request, sample))

    def unfold(self, batch: int | None, request: int, sample: int | None = None) -> None:
        """As `trace`, taken apart into the moments of a cursor: an Unfolded follows.

        The session keeps this step, for `values` and `numerals`, until the next one.
        """
        self._send(commands.Unfold(batch, request, sample))

    def values(self, key: str, request: int) -> None:
        """A tensor of the step last unfolded in full, by its `Values.key`: a `ValuesTaken` follows."""
        self._send(stepcommands.TakeValues(key, request))

    def numerals(
        self,
        level: Level,
        request: int,
        *,
        moment: int | None = None,
        sample: int = 0,
        first: int = 0,
        count: int = 500,
    ) -> None:
        """Single neurons, or weights as well, of the step last unfolded: a `NumeralsTaken` follows.

        Args:
            level: `neuron` or `weight`.
            request: comes back with the answer.
            moment: index of the moment to look into; None: all, in the order of a calculation by hand.
            sample: of the batch.
            first: number of the first one that is wanted.
            count: so many; fewer come when there are no more.
        """
        self._send(stepcommands.TakeNumerals(level, moment, sample, first, count, request))

    def outline(self, request: int) -> None:
        """The moment of every numeral of the step last unfolded: an `OutlineTaken` follows."""
        self._send(stepcommands.TakeOutline(request))

    def chain(
        self,
        name: str,
        index: Sequence[int],
        request: int,
        *,
        batch: int | None = None,
        sample: int | None = None,
        paths: int = 10,
    ) -> None:
        """The paths of the weight `index` of `block.parameter` to the loss, largest first: a `ChainTaken` follows.

        `batch` and `sample` are as for `trace`.
        """
        self._send(stepcommands.FindChain(name, tuple(index), batch, sample, paths, request))

    def jacobian(self, node: str, port: str, request: int, *, sample: int = 0, alone: int | None = None) -> None:
        """All derivatives of a block's output by an input, of one sample of the next step: a `JacobianTaken` follows.

        With an error where a step was unfolded and the training has gone on since: its weights are others by now.

        Args:
            node: path of the block.
            port: its input.
            request: comes back with the answer.
            sample: of the batch that the step is of, from 0.
            alone: the step is of this sample of the batch alone, as for `unfold`; None: of the whole batch.
        """
        self._send(stepcommands.TakeJacobian(node, port, sample, alone, request))

    def check_gradients(
        self,
        request: int,
        *,
        batch: int | None = None,
        parameters: Sequence[str] | None = None,
        entries: int | None = 50,
    ) -> None:
        """Central differences against autograd and the blocks' formulas, in float64: a `GradientsChecked` follows.

        `GradientsChecking` tells of progress meanwhile, and other commands are answered; while a training runs, it
        waits. A check that is under way is given up for a new one.

        Args:
            request: comes back with the answer.
            batch: of the present epoch; None: that of the next step.
            parameters: `block.parameter` names; None: all.
            entries: so many numbers of each at most; None: all.
        """
        chosen = None if parameters is None else tuple(parameters)
        self._send(stepcommands.CheckGradients(batch, chosen, entries, request))

    def cancel_check(self, request: int) -> None:
        """Give that gradient check up; what is known by then comes as a `GradientsChecked`."""
        self._send(stepcommands.CancelCheck(request))

    def loss_curve(
        self,
        entry: Entry,
        low: float,
        high: float,
        request: int,
        *,
        count: int = 161,
        on: On = "train",
        now: bool = False,
    ) -> None:
        """The loss over one weight between two places, the others as they are: a `LossCurveTaken` follows.

        `LossCurving` tells of progress meanwhile. A curve under way is given up for a new one.

        Args:
            entry: the weight.
            low: where the curve begins.
            high: where it ends.
            request: comes back with the answer.
            count: places on the curve.
            on: which data.
            now: as much of it as takes a moment, also while a training runs, for which it waits else.
        """
        self._send(stepcommands.TakeLossCurve(entry, low, high, count, on, now, request))

    def cancel_curve(self, request: int) -> None:
        """Give that curve up; what is known by then comes as a `LossCurveTaken`."""
        self._send(stepcommands.CancelLossCurve(request))

    def linear_fit(self, request: int) -> None:
        """Data and parameters of a network that is a linear fit on one input: a `LinearFitTaken` follows."""
        self._send(stepcommands.TakeLinearFit(request))

    def surface(self, wanted: SurfaceWanted, request: int) -> None:
        """The loss over a plane through the present weights: a `SurfaceComputed` follows.

        `SurfaceComputing` tells of progress, with coarser pictures, and other commands are answered; while a training
        runs, it goes on beside it. A surface that is under way is given up for a new one. Where somebody watches the
        lane `PathOnSurface`, the path of the training over it follows.
        """
        self._send(surfacecommands.ComputeSurface(wanted, request))

    def cancel_surface(self, request: int) -> None:
        """Give that surface up; the finest complete grid comes as a `SurfaceComputed`."""
        self._send(surfacecommands.CancelSurface(request))

    def start_there(self, x: float, y: float, request: int) -> None:
        """Overwrite the weights with those of a place of that surface: a `StartedThere` follows."""
        self._send(surfacecommands.StartThere(x, y, request))

    # -- time --

    def history(self, request: int) -> None:
        """How far one can go back, and what that costs: a `Timeline` follows."""
        self._send(stepcommands.TellHistory(request))

    def step_back(self) -> None:
        """Pause, and go to the state before the last update: a `Timeline` with `moved` follows."""
        self._send(stepcommands.StepBack())

    def goto(self, at: int) -> None:
        """Pause, and go to the state after `at` updates, back or forth: a `Timeline` with `moved` follows.

        Weights, optimizer, random states, place in the epoch and hyperparameters are those of then, to the bit. What
        lies ahead can be gone to until a step is made, or something is changed: then another future begins.
        """
        self._send(stepcommands.Goto(at))

    def machine(self) -> None:
        """Which devices a training can run on here: a `MachineTold` follows."""
        self._send(commands.TellMachine())

    # -- data and files --

    def read_facts(self, key: str, params: Mapping[str, Any], folder: Path | None) -> None:
        """Find out what a data file looks like: a FactsRead follows."""
        self._send(commands.ReadFacts(key, dict(params), folder))

    def export(self, kind: ExportKind, path: Path, request: int) -> None:
        """Write the network with its present weights: an Exported follows."""
        self._send(commands.Export(kind, path, request))

    def watch(self, kinds: frozenset[str]) -> None:
        """Which snapshot lanes somebody looks at; nothing else is computed."""
        self._send(commands.Watch(kinds))

    def look_at(self, blocks: frozenset[str], sample: int = 0) -> None:
        """Of which blocks, by path, the lane `Responses` tells, and which sample of a data set of images they get."""
        self._send(commands.LookAt(blocks, sample))

    # -- ending --

    def close(self, wait: bool = True) -> None:
        """End the thread after the step under way; may be called again."""
        if not self._closed:
            self._closed = True
            _open_sessions.discard(self)
            self._commands.put(commands.Close())
            _ending.add(self._thread)
        if wait and threading.current_thread() is not self._thread:
            self._thread.join()

    def _send(self, command: Command) -> None:
        if not self._closed:
            self._commands.put(command)


_open_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
_ending: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Threads that were told to end: what they learned last may still be on its way to the disk."""


@atexit.register
def _close_all() -> None:
    for session in list(_open_sessions):
        session.close()
    for thread in list(_ending):
        thread.join()
