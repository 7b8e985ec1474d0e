"""Shows a running release: a live picture in a terminal, lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.live import Live

from modelwharf.cli.duration import between
from modelwharf.cli.figures import states_in_figures
from modelwharf.cli.picture import of_commit, picture
from modelwharf.cli.release import Release
from modelwharf.cli.services import Services
from modelwharf.cli.state_rows import MARKS, first_line, indented, name_of_error, shown
from modelwharf.cli.waits import APPROVAL
from modelwharf.contracts.history import StateRow


class Watching:
    """Draws a release at every poll: a live picture in a terminal, new lines elsewhere."""

    def __init__(self, services: Services, console: Console, live: Live | None) -> None:
        self._services = services
        self._console = console
        self._live = live
        self._printed: set[str] = set()
        self._begun = False

    def __call__(self, release: Release) -> None:
        now = self._services.now()
        if self._live:
            self._live.update(picture(release, now), refresh=True)
            return
        for line in [*self._beginning(release), *lines(release, now)]:
            if line not in self._printed:
                self._printed.add(line)
                self._console.print(line, markup=False, soft_wrap=True)

    def _beginning(self, release: Release) -> list[str]:
        begun, self._begun = self._begun, True
        return [] if begun else [f"release {release.id}{of_commit(release)}"]


@contextmanager
def watching(services: Services, console: Console) -> Iterator[Watching]:
    """Yield a view on this console until the block ends."""
    if not console.is_terminal:
        yield Watching(services, console, None)
        return
    # The live picture is removed at the end: the figures follow, and the states below them.
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield Watching(services, console, live)


def lines(release: Release, now: datetime) -> list[str]:
    """Return one line for each state begun and one for each ended, for a log."""
    found = []
    explained = states_in_figures(release)
    for row in _ends_after_children(shown(release.states)):
        mark, _ = MARKS[row.status]
        if not row.is_over:
            reason = f": {first_line(row)}" if row.error and row.kind == "Task" else ""
            found.append(f"{mark} {indented(row)}{reason}")
            # The job's name is known only one poll later, and would repeat the line.
            if row.waits_for and row.waits_for.startswith(APPROVAL):
                found.append(f"  {row.waits_for}")
            continue
        words = name_of_error(row) if row.name in explained else first_line(row)
        end = f": {words}" if words else ""
        found.append(f"{mark} {indented(row)} {between(row.entered, row.exited or now)}{end}")
    return found


def _ends_after_children(rows: list[StateRow]) -> list[StateRow]:
    """Move the end of a Parallel after the ends of its branches."""
    over = {row.name for row in rows if row.kind == "Parallel" and row.is_over}
    found = []
    for index, row in enumerate(rows):
        if row.name not in over:
            found.append(row)
        inside = row.parent if row.parent in over else row.name if row.name in over else None
        if inside and not any(later.parent == inside for later in rows[index + 1 :]):
            found += [one for one in rows if one.name == inside]
    return found
