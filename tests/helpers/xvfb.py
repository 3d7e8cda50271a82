"""A person at the app: a real X server, the app as its own process, a mouse and a keyboard.

`Screen` is the server, `Person` sits before it. All input goes through the X server (`xdotool`); where to point is
read from the app, which `tests.helpers.watched_app` starts so that it tells where its parts stand.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, final

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds until something that has to happen is given up; a busy machine may need many."""
DOUBLE_CLICK = 0.6
"""Seconds after which a second click is one of its own."""
Point = tuple[int, int]
View = dict[str, Any]
"""What `tests.helpers.watched_app` tells."""


def missing() -> str:
    """Why there can be no screen here; "" when there can."""
    absent = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    return f"needs {' and '.join(absent)} (Debian: xvfb, xdotool)" if absent else ""


@final
class Screen:
    """An X server without a monitor, on a display that is free; use it in a `with` statement."""

    def __init__(self, size: str = "1440x900x24") -> None:
        self._size = size
        self.name = ""

    def __enter__(self) -> Self:
        mine, its = os.pipe()
        command = ["Xvfb", "-displayfd", str(its), "-screen", "0", self._size, "-nolisten", "tcp", "-noreset"]
        self._server = subprocess.Popen(command, pass_fds=[its], stderr=subprocess.DEVNULL)
        os.close(its)
        with os.fdopen(mine) as pipe:
            ready, _, _ = select.select([pipe], [], [], PATIENCE)
            number = pipe.readline().strip() if ready else ""
        if not number:
            self.__exit__()
            raise RuntimeError("Xvfb did not start")
        self.name = f":{number}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(PATIENCE)


@final
class Person:
    """Uses the app: looks where things are, points, drags, types, and waits until something has come of it."""

    def __init__(self, screen: Screen, folder: Path, arguments: Sequence[str] = ()) -> None:
        self._clicked: tuple[Point, float] = ((-1, -1), 0.0)
        folder.mkdir(parents=True, exist_ok=True)
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        changed = {"DISPLAY": screen.name, "QT_QPA_PLATFORM": "xcb", "XDG_RUNTIME_DIR": str(runtime)}
        self._environment = {**os.environ, **changed}
        self._environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
        self._errors = folder / "stderr.txt"
        with self._errors.open("w") as errors:
            self._app = subprocess.Popen(
                [sys.executable, "-m", "tests.helpers.watched_app", *arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._app.poll() is None:
            self._app.kill()
        self._app.communicate()

    # -- looking --

    def look(self) -> View:
        """Everything as it is now, after what was done so far has come through."""
        assert self._app.stdin is not None
        try:
            self._app.stdin.write(b"look\n")
            self._app.stdin.flush()
        except BrokenPipeError:
            raise AssertionError(f"the app is gone: {self.complaints()}") from None
        answer: View = json.loads(self._line())
        return answer

    def _line(self) -> bytes:
        assert self._app.stdout is not None
        pipe, end = self._app.stdout.fileno(), time.monotonic() + PATIENCE
        while b"\n" not in self._unread:
            ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
            piece = os.read(pipe, 1 << 16) if ready else b""
            assert piece, f"the app does not answer: {self.complaints()}"
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def wait(self, what: str, is_so: Callable[[View], object]) -> View:
        """Look until something is so. Fails, naming it, when it never is."""
        end = time.monotonic() + PATIENCE
        while True:
            view = self.look()
            if is_so(view):
                return view
            seen = {key: view[key] for key in view if key not in ("places", "canvas")}
            assert time.monotonic() < end, f"waited in vain until {what}\n{json.dumps(seen, indent=1)}"
            time.sleep(0.03)

    def place(self, name: str) -> Point:
        """The middle of a part, by its object name, its text, or `block`, `block.port`; waits until it is there."""
        x, y = self.wait(f"{name} is seen", lambda view: name in view["places"])["places"][name]
        return x, y

    def complaints(self) -> str:
        """What the app wrote to stderr."""
        return self._errors.read_text(encoding="utf-8", errors="replace").strip()

    # -- hands --

    def _do(self, *words: str | int) -> None:
        command = ["xdotool", *map(str, words)]
        subprocess.run(command, env=self._environment, check=True, timeout=PATIENCE, capture_output=True)

    def focus(self) -> None:
        """What a window manager does: give the keyboard to the window in front."""
        view = self.wait("a window is open", lambda view: view["front"])
        self._do("windowfocus", view["front"])
        self.wait("it has the keyboard", lambda view: view["active"])

    def click(self, target: str | Point, button: int = 1) -> None:
        """Click on a part or a place; a second time there, not so soon that it would be a double click."""
        at = self.place(target) if isinstance(target, str) else target
        if at == self._clicked[0]:
            time.sleep(max(0.0, self._clicked[1] + DOUBLE_CLICK - time.monotonic()))
        self._do("mousemove", *at, "click", button)
        self._clicked = (at, time.monotonic())

    def double_click(self, target: str | Point) -> None:
        """Click twice on a part or a place."""
        at = self.place(target) if isinstance(target, str) else target
        self._do("mousemove", *at, "click", "--repeat", 2, "--delay", 40, 1)

    def drag(
        self,
        start: str | Point,
        end: str | Point,
        *,
        until: Callable[[View], object] = bool,
        button: int = 1,
        keys: Sequence[str] = (),
    ) -> None:
        """Press, move in steps, let go, with keys such as `ctrl` held.

        Before letting go, it moves about until the app shows that it may.
        """
        (x, y), (to_x, to_y) = (self.place(at) if isinstance(at, str) else at for at in (start, end))
        for key in keys:
            self._do("keydown", key)
        self._do("mousemove", x, y, "mousedown", button)
        for part in range(1, 7):
            self._do("mousemove", round(x + (to_x - x) * part / 6), round(y + (to_y - y) * part / 6))
        nudges = iter(range(10**6))

        def may_let_go(view: View) -> bool:
            if until(view):
                return True
            self._do("mousemove", to_x + next(nudges) % 2, to_y)
            return False

        self.wait("the drag may end", may_let_go)
        self._do("mousemove", to_x, to_y, "mouseup", button)
        for key in keys:
            self._do("keyup", key)

    def hit(self, *keys: str) -> None:
        """Press keys, such as `ctrl+s`."""
        self._do("key", *keys)

    def type(self, text: str) -> None:
        """Type into whatever has the keyboard."""
        self._do("type", "--delay", 4, text)

    # -- habits --

    def drop_block(self, kind: str, at: tuple[float, float]) -> str:
        """Drag a block from the palette to a place of the canvas, told in parts of its size; the new block's name."""
        view = self.look()
        left, top, width, height = view["canvas"]
        spot = (round(left + at[0] * width), round(top + at[1] * height))
        self.drag(f"palette_{kind}", spot, until=lambda view: view["ghost"])
        after = self.wait(f"{kind} is there", lambda now: len(now["nodes"]) > len(view["nodes"]))
        (name,) = after["nodes"].keys() - view["nodes"].keys()
        return str(name)

    def wire(self, start: str, end: str) -> None:
        """Drag a wire from port to port, where it fits."""
        self.drag(start, end, until=lambda view: view["wire"] == "fits")
        self.wait(f"{start} goes to {end}", lambda view: f"{start} -> {end}" in view["wires"])

    def fill(self, name: str, text: str) -> None:
        """Write into a field and press Enter."""
        self.click(name)
        self.wait(f"{name} has the keyboard", lambda view: name in view["focus"])
        self.hit("ctrl+a")
        self.type(text)
        self.hit("Return")

    def choose(self, *steps: str) -> None:
        """Click through a menu or a list that opens: the first step stands on the window, the others in what opens."""
        self.click(steps[0])
        for step in steps[1:]:
            x, y = self._offered(step)
            self.click((x, y))

    def _offered(self, entry: str) -> list[int]:
        view = self.wait(f"{entry} is offered", lambda view: entry in view["offers"])
        place: list[int] = view["offers"][entry]
        return place

    def answer_file_dialog(self, path: Path) -> None:
        """Type a path into the file dialog and press Enter."""
        self.wait("the file dialog is open", lambda view: view["dialog"])
        self.focus()
        self.hit("ctrl+a")
        self.type(str(path))
        self.hit("Return")
        self.wait("the file dialog is closed", lambda view: not view["dialog"])
        self.focus()

    def quit(self) -> int:
        """Press Ctrl+Q; the exit code."""
        self.hit("ctrl+q")
        return self._app.wait(PATIENCE)
