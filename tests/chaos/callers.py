"""A client that asks the endpoint without pause, and forgives nothing."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

PAUSE = 0.05  # seconds between two requests


@dataclass(frozen=True)
class Line:
    """A client of one life of the cloud; ``life`` is 0 while there is none."""

    life: int
    client: Any
    endpoint: str


@dataclass
class Calls:
    """``refused``: while the cloud was down. ``failures``: what no caller may ever see."""

    answered: int = 0
    refused: int = 0
    answers: Counter[float] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Caller:
    """``line`` names the cloud of the moment; the endpoint counts from its first answer on."""

    def __init__(self, line: Callable[[], Line], seconds: Callable[[], float]) -> None:
        self.calls = Calls()
        self._line = line
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        served_in = 0
        while not self._stop.wait(PAUSE):
            line = self._line()
            if not line.life:
                continue
            at, began = self._seconds(), time.monotonic()
            try:
                answered = line.client.invoke_endpoint(
                    EndpointName=line.endpoint, ContentType="application/json", Body='{"add": 0}'
                )
                total = json.loads(answered["Body"].read())["sum"]
            except (BotoCoreError, ClientError, ValueError, KeyError) as error:
                if self._line().life != line.life:
                    self.calls.refused += 1
                elif served_in == line.life:
                    took = time.monotonic() - began
                    self.calls.failures.append(f"at {at:.1f} s, after {took:.1f} s: {error}")
                continue
            served_in = line.life
            self.calls.answered += 1
            self.calls.answers[total] += 1
