"""How far a command has come, on standard error: a line for each step, or one that moves."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


class Progress:
    """In a terminal a step is a spinner until the next one; elsewhere it is a line of the log."""

    def __init__(self, screen: Console, spinner: Status | None) -> None:
        self._screen = screen
        self._spinner = spinner

    def step(self, text: str) -> None:
        """Say what begins, before it takes its time."""
        if self._spinner:
            self._spinner.update(text)
        else:
            self.note(text)

    def waiting(self, text: str) -> None:
        """Say how long the step has taken so far: in a log, nothing."""
        if self._spinner:
            self._spinner.update(text)

    def note(self, text: str) -> None:
        """Say what stays on the screen."""
        self._screen.print(text, markup=False, soft_wrap=True)


@contextmanager
def progress(screen: Console) -> Iterator[Progress]:
    """Tell on this screen until the block is left."""
    if not screen.is_terminal:
        yield Progress(screen, None)
        return
    with screen.status("…") as spinner:
        yield Progress(screen, spinner)
