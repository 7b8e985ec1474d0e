"""What happened when: a line each, in seconds since the begin."""

import threading
import time


class Timeline:
    def __init__(self) -> None:
        self._start = time.monotonic()
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        with self._lock:
            print(f"{self.seconds:7.1f} s  {text}", flush=True)
