"""``python -m tests.chaos``: disturb a laptop's cloud while it releases, and judge the result.

The exit code is 0 when nothing broke a rule; otherwise the folder stays, and 1 is returned.
"""

import argparse
import random
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.callers import Caller, Calls
from tests.chaos.disturbances import disturb
from tests.chaos.evidence import gather, lost_events, unfinished
from tests.chaos.judge import judge
from tests.chaos.pushes import GOOD
from tests.chaos.timeline import Timeline
from tests.chaos.world import World
from tests.release import laptop as laptops

BETWEEN = 5.0  # seconds on average from one event to the next
SHARE_OF_PUSHES = 0.35
BETWEEN_KILLS = (100.0, 200.0)  # seconds from one kill of the cloud to the next
BETWEEN_SWEEPS = 5.0  # seconds
QUIET_WITHIN = 480.0  # seconds; a stopped release is watched for 300 s for what it may submit yet


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=options.folder))
    print(f"seed {options.seed}, {options.minutes:g} min, {folder}", flush=True)
    assembly = options.assembly or laptops.synthesise(folder / "assembly")
    timeline = Timeline()
    chance = random.Random(options.seed)  # noqa: S311  a course of events, not a secret
    world = World(folder, assembly, chance, timeline)
    caller = Caller(lambda: world.line, lambda: timeline.seconds)
    caller.start()
    try:
        world.push(GOOD)
        _disturbed(world, options.minutes * 60)
        findings = _judged(world, caller)
    finally:
        world.laptop.process.terminate()
        world.laptop.process.wait()
    _print_verdict(findings, caller.calls, options.seed)
    if findings:
        print(f"the cloud's logs and its files: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--assembly", type=Path, help="what app.py wrote; default: it is run")
    parser.add_argument("--folder", type=Path, help="where to work; default: the system's")
    return parser.parse_args()


def _disturbed(world: World, seconds: float) -> None:
    chance, timeline = world.chance, world.timeline
    end = timeline.seconds + seconds
    kill = timeline.seconds + min(seconds / 2, chance.uniform(*BETWEEN_KILLS))
    swept = 0.0
    while timeline.seconds < end:
        time.sleep(chance.expovariate(1 / BETWEEN))
        if timeline.seconds > kill and timeline.seconds < end - 30:
            world.kill_cloud()
            kill = timeline.seconds + chance.uniform(*BETWEEN_KILLS)
        elif chance.random() < SHARE_OF_PUSHES:
            world.push()
        else:
            disturb(world)
        if timeline.seconds > swept + BETWEEN_SWEEPS:
            world.sweep()
            swept = timeline.seconds


def _judged(world: World, caller: Caller) -> list[str]:
    """Wait until nothing is under way; push once more, and wait again."""
    world.laptop.fault({"clear": True})
    world.timeline.say("no more disturbances")
    _until_quiet(world)
    world.push(GOOD)
    _until_quiet(world)
    caller.stop()
    return judge(gather(world, caller.calls))


def _until_quiet(world: World) -> None:
    """What stays under way is for the judge, who calls it left behind."""
    end = world.timeline.seconds + QUIET_WITHIN
    while world.timeline.seconds < end:
        world.sweep()
        world.read_inbox()
        left = unfinished(world)
        if not left:
            return
        if lost_events(world):
            world.timeline.say("wharf redrive: " + world.team.wharf("redrive").stdout.strip())
        time.sleep(2)
    world.timeline.say("not quiet: " + "; ".join(left))


def _print_verdict(findings: list[str], calls: Calls, seed: int) -> None:
    print(
        f"{calls.answered} requests answered, {calls.refused} while the cloud was down, "
        f"{len(calls.failures)} failed"
    )
    for finding in findings:
        print(f"- {finding}")
    print(
        f"chaos, seed {seed}: {len(findings)} findings" if findings else f"chaos, seed {seed}: held"
    )


if __name__ == "__main__":
    sys.exit(main())
