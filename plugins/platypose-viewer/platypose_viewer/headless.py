"""A browser without a window, driven by its DevTools protocol over a pair of pipes.

For tests of the page and for pictures of it; showing a page needs none of this.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # of root in a container
    "--disable-dev-shm-usage",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card
    "--remote-debugging-pipe",
    "--no-first-run",
    "--hide-scrollbars",
    "--mute-audio",
)


def find_browser() -> str | None:
    """Where Chromium is: the variable CHROMIUM, or a program of that name."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One tab of a browser without a window.

    Arguments:
        program: Chromium.
        profile: an empty folder for its settings.
    """

    def __init__(self, program: str, profile: Path) -> None:
        read, self._to = os.pipe()
        self._from, write = os.pipe()
        command = (program, *OPTIONS, f"--user-data-dir={profile}", "about:blank")
        with (profile / "log").open("wb") as log:
            # The protocol speaks on the file descriptors 3 and 4.
            shell = f'exec "$@" 3<&{read} 4>&{write}'
            self._process = subprocess.Popen(
                ("bash", "-c", shell, "bash", *command),
                pass_fds=(read, write),
                stdout=log,
                stderr=log,
            )
        os.close(read)
        os.close(write)
        self._rest = b""
        self._count = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self.call("Browser.close")
        self._process.wait(20)
        os.close(self._to)
        os.close(self._from)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def open(self, page: Path, width: int = 1280, height: int = 800, **screen: Any) -> None:
        """Load a file in a window of that size, and wait until it shows something."""
        self.errors.clear()
        self.requests.clear()
        metrics = {"deviceScaleFactor": 1, "mobile": False} | screen
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, **metrics)
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait("window.platypose?.rendered() > 1")

    def prefer(self, scheme: str) -> None:
        """Say that the user likes light or dark pages."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def get(self, expression: str) -> Any:
        """The value of a JavaScript expression, once it is there if it is a promise."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 60) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.get(expression):
            assert time.monotonic() < end, (expression, self.errors)
            time.sleep(0.02)

    def drawn(self) -> None:
        """Wait until the page has drawn what was asked of it last."""
        self.get("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def press(self, *keys: str, shift: bool = False) -> None:
        """Press keys, one after another, and wait until the page has followed."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {}
            event = {"key": key, "modifiers": 8 * shift}
            self.call("Input.dispatchKeyEvent", type="keyDown", **event, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **event)
        self.drawn()

    def click(self, x: float, y: float) -> None:
        """Click there, CSS pixels of the window."""
        self._mouse("mousePressed", x, y, buttons=1)
        self._mouse("mouseReleased", x, y)
        self.drawn()

    def drag(self, x: float, y: float, dx: float, dy: float) -> None:
        """Press there, move by so much, and let go."""
        self._mouse("mousePressed", x, y, buttons=1)
        for share in (0.25, 0.5, 0.75, 1.0):
            self._mouse("mouseMoved", x + share * dx, y + share * dy, buttons=1)
        self._mouse("mouseReleased", x + dx, y + dy)
        self.drawn()

    def screenshot(self, path: Path) -> None:
        """What the window shows, as PNG."""
        answer = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))

    def _mouse(self, kind: str, x: float, y: float, buttons: int = 0) -> None:
        self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="left",
            buttons=buttons,
            clickCount=1,
        )

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._from, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        takes: dict[str, Callable[[], None]] = {
            "Runtime.exceptionThrown": lambda: self.errors.append(str(params["exceptionDetails"])),
            "Runtime.consoleAPICalled": lambda: self.errors.append(str(params["args"])),
            "Log.entryAdded": lambda: self._log(params["entry"]),
            "Network.requestWillBeSent": lambda: self.requests.append(params["request"]["url"]),
        }
        takes.get(event.get("method", ""), lambda: None)()

    def _log(self, entry: dict[str, Any]) -> None:
        # Warnings are of the driver, who regrets that a processor does the graphics card's work.
        if entry["level"] == "error":
            self.errors.append(entry["text"])
