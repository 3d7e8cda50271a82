"""What play, step, stop, reset and apply do, and when they can be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast, final

from PySide6.QtCore import QObject, Signal

from engine import edits
from engine.events import FAST_LEFT, Applied, Concluded, RunFailed, Said, StateChanged
from engine.result import Result
from engine.session import Grain
from gui.actions import Actions, tip_of
from gui.document import Document
from gui.format import format_integer
from gui.icons import icon
from gui.notices import Action, Notice, notices
from gui.run_feed import RunFeed
from gui.selection import Selection
from gui.transport import TransportBar

_SHOWN_NAMES: Final = 6
READING: Final = "D00"
"""The problem that passes by itself: a data file is being read."""


@final
class RunActions(QObject):
    """Connects the actions of the transport with the session, and tells what came of them.

    Signals:
        data_missed(str): the data of that Input, by path, are to be found where they are now.
        operation_wanted(): a step of the finest grain, which trains nothing: the next moment of a step.
    """

    operation_wanted = Signal()
    data_missed = Signal(str)

    def __init__(
        self, actions: Actions, document: Document, feed: RunFeed, selection: Selection, bar: TransportBar
    ) -> None:
        super().__init__(bar)
        self._actions, self._document, self._feed, self._bar = actions, document, feed, bar
        self._selection = selection
        self._failure: Notice | None = None
        self._blocked = False
        self._waiting: Callable[[], None] | None = None
        self._apply_told = True
        actions.play.triggered.connect(self.toggle_play)
        actions.step.triggered.connect(self.step)
        actions.stop.triggered.connect(self.stop)
        actions.reset.triggered.connect(self.reset)
        actions.apply.triggered.connect(self.apply)
        actions.restart.triggered.connect(self.restart)
        document.checked.connect(self._checked)
        document.replaced.connect(self._forget)
        feed.state_changed.connect(self._update)
        feed.stale_changed.connect(self._update)
        feed.on(RunFailed, self._tell_failure)
        feed.on(Concluded, self._tell_verdict)
        feed.on(Applied, self._tell_applied)
        feed.on(Said, self._tell)
        feed.on(StateChanged, self._tell_state)
        self._update()

    # -- doing --

    def toggle_play(self) -> None:
        """Play, pause or go on."""
        if self._feed.state in ("running", "loading"):
            self._feed.pause()
        else:
            self._when_ready(self._feed.play)

    def step(self) -> None:
        """One step of the chosen grain."""
        if self._bar.grain.value() == "operation":
            self.operation_wanted.emit()
            return
        self._when_ready(lambda: self._feed.step(cast("Grain", self._bar.grain.value())))

    def stop(self) -> None:
        """End the training; what was learned stays."""
        if self._feed.away is None:  # else the action ends watching
            self._feed.stop()

    def reset(self) -> None:
        """Back to the start values."""
        if self._feed.stale and not self._document.result.errors:
            self.restart()
        else:
            self._dismiss()
            self._feed.reset()

    def apply(self) -> None:
        """Let the edited graph run, and tell what was kept."""
        self._dismiss()
        self._apply_told = False
        self._feed.apply()

    def restart(self) -> None:
        """Start afresh from the graph as it is drawn."""
        self._dismiss()
        self._feed.restart()

    def _when_ready(self, start: Callable[[], None]) -> None:
        """Start if the graph can train, or tell why it cannot; while a data file is being read, start after that."""
        self._dismiss()
        self._waiting = None
        result = self._document.result
        if any(problem.code == READING for problem in result.problems):
            self._waiting = start
        elif result.trainable:
            start()
        else:
            self._tell_why_not(result)

    def _checked(self, result: Result) -> None:
        self._update()
        if self._blocked and result.trainable:
            self._dismiss()
        if self._waiting is not None and not any(problem.code == READING for problem in result.problems):
            self._when_ready(self._waiting)

    def _tell_why_not(self, result: Result) -> None:
        problem = result.errors[0] if result.errors else next(iter(result.problems), None)
        text = f"{problem.message} {problem.hint}".strip() if problem else self.tr("There is nothing to minimise yet.")
        actions = []
        if problem is not None and problem.node is not None:
            path = problem.node
            actions.append((self.tr("Show"), lambda: self._selection.show_path(path)))
        words = self.tr("This network cannot train yet. {0}").format(text)
        self._failure, self._blocked = notices().warn(words, actions=actions), True

    # -- telling --

    def _update(self) -> None:
        feed, actions = self._feed, self._actions
        running = feed.state in ("running", "loading")
        here = feed.away is None
        edited = feed.stale and not self._document.result.errors and here
        actions.play.setText(self.tr("&Pause") if running else self.tr("&Play"))
        actions.play.setToolTip(tip_of(actions.play))
        actions.play.setIcon(icon("pause" if running else "play"))
        self._bar.show_play(running)
        actions.play.setEnabled(here)
        actions.stop.setEnabled(feed.state in ("running", "loading", "paused") or not here)
        actions.step.setEnabled(not running and here)
        actions.reset.setEnabled((feed.trained or edited) and here)
        actions.apply.setEnabled(edited)
        actions.restart.setEnabled(edited)

    def _forget(self) -> None:
        """Another document: nothing waits to be started."""
        self._waiting = None
        self._dismiss()

    def _dismiss(self) -> None:
        self._blocked = False
        if self._failure is not None:
            notices().dismiss(self._failure)
            self._failure = None

    def _tell_failure(self, event: RunFailed) -> None:
        actions = self._offered_lr(event.suggested_lr, afresh=event.reset_first)
        if event.suggested_micro_batch is not None:
            size = event.suggested_micro_batch
            words = self.tr("Go on with micro-batches of {0}").format(format_integer(size))
            actions.append((words, lambda: self._use_micro_batch(size)))
        if event.node is not None:
            path = event.node
            if path.split(".", 1)[0] in self._document.project.graph:
                actions.append((self.tr("Show block"), lambda: self._selection.show_path(path)))
            if event.code[0] in "DF":  # its data have gone
                actions.append((self.tr("Find it…"), lambda: self.data_missed.emit(path)))
        self._failure = notices().error(f"{event.message} {event.hint}".strip(), event.details, actions)

    def _tell_verdict(self, event: Concluded) -> None:
        actions = self._offered_lr(event.suggested_lr, afresh=True)
        self._failure = notices().warn(f"{event.message} {event.hint}", actions=actions)

    def _offered_lr(self, lr: float | None, *, afresh: bool) -> list[Action]:
        if lr is None:
            return []
        words = self.tr("Reset and use learning rate {0:g}") if afresh else self.tr("Use learning rate {0:g}")
        return [(words.format(lr), lambda: self._use_lr(lr, afresh=afresh))]

    def _use_lr(self, lr: float, *, afresh: bool) -> None:
        project, touched = edits.set_training(self._document.project, {"lr": lr})
        self._document.edit(self.tr("Learning rate {0:g}").format(lr), project, touched)
        if afresh:
            self._feed.reset()
        self._feed.play()  # the feed has told it the new rate

    def _use_micro_batch(self, size: int) -> None:
        project, touched = edits.set_training(self._document.project, {"micro_batch": size})
        self._document.edit(self.tr("Micro-batches of {0}").format(format_integer(size)), project, touched)
        self._feed.play()  # which takes the settings over, and keeps what was learned

    def _tell_applied(self, event: Applied) -> None:
        if self._apply_told:  # brought over before anything was learned, or before a restart
            return
        self._apply_told = True
        if not event.drawn and not event.gone:
            notices().success(self.tr("Applied. Everything learned was kept."))
            return
        parts = [self.tr("Applied.")]
        if event.kept:
            parts.append(self.tr("Kept: {0}.").format(_some(event.kept)))
        if event.drawn:
            parts.append(self.tr("New: {0}.").format(_some(event.drawn)))
        if event.gone:
            parts.append(self.tr("Gone: {0}.").format(_some(event.gone)))
        notices().success(" ".join(parts))

    def _tell(self, event: Said) -> None:
        if event.topic == FAST_LEFT:
            notices().warn(event.message, self._about_checks())
            return
        (notices().warn if event.severity == "warning" else notices().info)(event.message)

    def _about_checks(self) -> str:
        """What stands below the message that fast-forward was left."""
        return self.tr(
            "A kernel adds in another order than PyTorch, so its last digits differ. Therefore PyTorch makes the "
            "first step of each kernel, and every 4,096th, as well, from the same weights: loss, outputs, gradients "
            "and update have to agree to 1e-5 of the largest number in float32, to 1e-12 in float64.\n"
            "This time they did not. The kernel's step was taken back, so nothing of it is in the weights, and "
            "PyTorch goes on from there. Very large numbers, or sums that cancel, are the usual reason: a smaller "
            "learning rate or float64 (Device and memory) may help. Reset lets it be tried again."
        )

    def _tell_state(self, event: StateChanged) -> None:
        if event.state == "finished" and event.message:
            notices().info(event.message)


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN_NAMES])
    return shown if len(names) <= _SHOWN_NAMES else f"{shown} … ({len(names)})"
