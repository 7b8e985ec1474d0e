"""A command's progress on standard error: one line per step, or a spinner."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


class Progress:
    """Shows steps: in a terminal a spinner, elsewhere a line of the log."""

    def __init__(self, screen: Console, spinner: Status | None) -> None:
        self._screen = screen
        self._spinner = spinner

    def step(self, text: str) -> None:
        """Show a step that begins."""
        if self._spinner:
            self._spinner.update(text)
        else:
            self.note(text)

    def waiting(self, text: str) -> None:
        """Show how long the step has taken so far; nothing in a log."""
        if self._spinner:
            self._spinner.update(text)

    def note(self, text: str) -> None:
        """Print a line that stays on the screen."""
        self._screen.print(text, markup=False, soft_wrap=True)


@contextmanager
def progress(screen: Console) -> Iterator[Progress]:
    """Show progress on this screen until the block ends."""
    if not screen.is_terminal:
        yield Progress(screen, None)
        return
    with screen.status("…") as spinner:
        yield Progress(screen, spinner)
