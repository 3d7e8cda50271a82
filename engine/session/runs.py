"""The run of a session: made when it is first needed, and followed by another on a reset, an edit, a resumption."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from engine.events import Applied, Event, RunState, Said, StateChanged
from engine.graph import Project
from engine.param import ParamError
from engine.problem import ChainruleError
from engine.session import commands
from engine.session.keeping import Keeping
from engine.session.live import live_value, switches, with_live
from engine.session.reading import Reading
from engine.session.resuming import take_up
from engine.session.transfer import edited_run
from engine.training.loading import Loaded, load
from engine.training.run import Run


@final
class Runs:
    """One run after the other, with what they have in common.

    Attributes:
        run: the present one; None before it is needed.
        state: that was told last.
        loaded: what is trained, where it has been loaded.
        live: hyperparameters changed by hand; they outlast a reset, and an edited project brings its own.
        by_hand: whether weights were set by hand.
    """

    def __init__(
        self,
        post: Callable[[Event], None],
        project: Project,
        folder: Path | None,
        keeping: Keeping,
        reading: Reading,
        *,
        follow: Callable[[Run], None],
        show: Callable[[], None],
    ) -> None:
        """Nothing is loaded yet.

        Args:
        post: takes the events.
        project: that is trained.
        folder: which relative paths start from.
        keeping: what stays on disk.
        reading: is told how far the data are read.
        follow: lets everything that looks at the run look at this one from now on.
        show: tells all that is watched.
        """
        self._post, self._project, self._folder = post, project, folder
        self._keeping, self._reading = keeping, reading
        self._follow, self._show = follow, show
        self.run: Run | None = None
        self.state: RunState = "ready"
        self.loaded: Loaded | None = None
        self.live: dict[str, Any] = {}
        self.by_hand = False

    def tell(self, state: RunState, message: str = "") -> None:
        """The session is in this state from now on."""
        self.state = state
        run = self.run
        if run is None:
            self._post(StateChanged(state, message=message))
            return
        device = str(run.loaded.device)
        self._post(StateChanged(state, run.trainer.epochs, run.trainer.steps, device, message))

    def ready(self) -> Run:
        """The run, loaded and built when it is first needed. Raises ChainruleError."""
        if self.run is None:
            before = self.state
            self.tell("loading")
            self._install(Run(self._load(), self._post))
            self.tell("ready" if before == "failed" else before)
            self._show()
        assert self.run is not None
        return self.run

    def for_answer(self) -> Run:
        """The run, for a question: a project that cannot run leaves the state as it is. Raises ChainruleError."""
        before = self.state
        try:
            return self.ready()
        except ChainruleError:
            self.tell(before)
            raise

    def save(self) -> None:
        """Write the run into its directory, if it has one. Raises FileError, where nobody else is told of that."""
        if self.run is not None and self.run.unsaved:
            self.run.save()

    def _load(self) -> Loaded:
        self.loaded = load(self._project, self._folder, self.loaded, self._reading)
        return self.loaded

    def _install(self, run: Run) -> None:
        self.run = run
        run.disk.on_unwritable = self._keeping.gave_up
        for name, value in self.live.items():
            run.trainer.set_hyper(name, value)
        self._follow(run)

    # -- commands --

    def reset(self, command: commands.Reset) -> None:
        """Begin anew."""
        if self.loaded is None:
            self.tell("loading")
        loaded = self._load()
        self.save()  # what comes next is another run
        self.by_hand = False
        self._install(Run(loaded, self._post, seed=command.seed))
        self.tell("ready")
        self._show()

    def resume(self, command: commands.ResumeRun) -> None:
        """Go on in the directory of an earlier run."""
        before = self.state if self.state != "running" else "paused"
        self.tell("loading")
        run = take_up(command, self._load, self._keeping, self._post, self.live)
        if run is None:
            self.tell(before)
            return
        self.by_hand = False
        self._install(run)
        self.tell("finished" if run.over else "paused", run.ending())
        self._show()

    def apply(self, command: commands.Apply) -> None:
        """Go on with an edited project."""
        run = self.run
        if run is None:
            self._project, self.live = command.project, switches(self.live)
            self._post(Applied(kept=(), drawn=()))
            return
        loaded = load(command.project, self._folder, self.loaded, self._reading)
        learned = run.trainer.steps > 0 or self.by_hand
        self.save()  # as it was learned by the graph before
        new, applied = edited_run(run, loaded, command.renamed, self._post, learned=learned)
        self._project, self.loaded, self.live = command.project, loaded, switches(self.live)
        self._install(new)
        self._post(applied)
        if self.state != "running":
            self.tell("paused" if self.state == "finished" and not new.over else self.state)
            self._show()

    def set_hyper(self, command: commands.SetHyper) -> bool:
        """Change a hyperparameter, of this run and those to come. Whether the present one changed."""
        try:
            value = live_value(command.name, command.value)
        except ParamError as error:
            self._post(Said("warning", str(error)))
            return False
        self.live[command.name] = value
        self._project = with_live(self._project, command.name, value)
        if self.run is not None:
            self.run.set_hyper(command.name, value)
        return self.run is not None
