"""What goes wrong while releases run. One line of the table each."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.chaos.world import World, functions, kill

SERVICES = ("aws.codebuild", "aws.sagemaker", "aws.states")


@dataclass(frozen=True)
class Disturbance:
    """``act`` does it and says what it did; "" where there was nothing to disturb."""

    name: str
    weight: int
    act: Callable[[World], str]


def kill_a_function(world: World) -> str:
    return _kill(world, functions(world.laptop))


def kill_what_starts_and_resumes(world: World) -> str:
    found = functions(world.laptop)
    return _kill(
        world, {p: n for p, n in found.items() if n in ("start-release", "resume-release")}
    )


def hang_a_function_and_kill_it(world: World) -> str:
    """It is stopped first, so that its next call hangs in it, and dies with it."""
    found = sorted(functions(world.laptop).items())
    if not found:
        return ""
    pid, name = world.chance.choice(found)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(world.chance.uniform(0.5, 3))
        world.killed[name] += kill(pid)
    return f"hung and killed {name}"


def _kill(world: World, found: dict[int, str]) -> str:
    if not found:
        return ""
    chosen = world.chance.sample(sorted(found), k=min(len(found), world.chance.randint(1, 3)))
    for pid in chosen:
        world.killed[found[pid]] += kill(pid)
    return "killed " + ", ".join(found[pid] for pid in chosen)


def drop_events(world: World) -> str:
    return _fault(world, "drop")


def double_events(world: World) -> str:
    return _fault(world, "double")


def delay_events(world: World) -> str:
    """Later ones overtake them."""
    return _fault(world, "late", seconds=round(world.chance.uniform(1, 6), 1))


def _fault(world: World, kind: str, **more: float) -> str:
    source, count = world.chance.choice(SERVICES), world.chance.randint(1, 4)
    world.laptop.fault({kind: {"source": source, "count": count, **more}})
    return f"{kind}: the next {count} deliveries of {source}" + "".join(
        f", {name} {value}" for name, value in more.items()
    )


def ask_for_a_release(world: World) -> str:
    world.team.request(f"asked at {world.timeline.seconds:.1f} s")
    return "asked for a release of the head"


def stop_an_execution(world: World) -> str:
    running = world.team.executions("RUNNING")
    if not running:
        return ""
    name = world.chance.choice(sorted(running))
    client = world.laptop.client("stepfunctions")
    client.stop_execution(executionArn=world.team.arn(name), error="Chaos", cause="by hand")
    world.stopped.add(name)
    return f"stopped {name} by hand"


TABLE = (
    Disturbance("kill a function", 5, kill_a_function),
    Disturbance("kill start and resume", 3, kill_what_starts_and_resumes),
    Disturbance("hang and kill", 3, hang_a_function_and_kill_it),
    Disturbance("drop events", 3, drop_events),
    Disturbance("double events", 2, double_events),
    Disturbance("delay events", 2, delay_events),
    Disturbance("ask", 1, ask_for_a_release),
    Disturbance("stop an execution", 1, stop_an_execution),
)


def disturb(world: World) -> None:
    chosen = world.chance.choices(TABLE, [one.weight for one in TABLE])[0]
    done = chosen.act(world)
    if done:
        world.timeline.say(done)
