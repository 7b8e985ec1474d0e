"""One input object: downloaded, split, sent to the model, its answers uploaded as one object."""

import gzip
import shutil
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

from modelwharf.laptop.sagemaker.model_container import ModelContainer, ServerDown, StoppedWaiting
from modelwharf.laptop.sagemaker.s3_transfers import DataError, S3Object, download, join_uri, upload
from modelwharf.laptop.sagemaker.transform.association import AssociationError
from modelwharf.laptop.sagemaker.transform.plan import TransformPlan
from modelwharf.laptop.sagemaker.transform.records import SPLITS, Payload, RecordError, payloads
from modelwharf.laptop.sagemaker.transform.settings import Settings

SEE_LOGS = "See job logs for more information"
RETRY_PAUSE = 0.2  # seconds before a request is retried, doubled each time


@dataclass(frozen=True)
class Failure:
    """The reason why an object has no output. ``reason`` is the job's, ``lines`` are the log's."""

    kind: str
    lines: tuple[str, ...]
    reason: str = SEE_LOGS


class ObjectFailed(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


@dataclass(frozen=True)
class ObjectRun:
    """What all objects of a job share. ``requests`` limits the concurrent requests."""

    s3: Callable[[], Any]
    plan: TransformPlan
    settings: Settings
    container: ModelContainer
    requests: ThreadPoolExecutor
    stopping: Event
    folder: Path

    def __call__(self, number: int, found: S3Object) -> Failure | None:
        """Write ``<name>.out``, or return the failure. Raises StoppedWaiting, OSError."""
        if self.stopping.is_set():
            raise StoppedWaiting
        folder = self.folder / str(number)
        try:
            self._transform(found, folder)
        except ObjectFailed as failed:
            return failed.failure
        except (RecordError, AssociationError) as error:
            return Failure("ClientError", (str(error),))
        except DataError as error:
            return Failure("ClientError", (str(error),), reason=str(error))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return None

    def _transform(self, found: S3Object, folder: Path) -> None:
        source, target = folder / "input", folder / "output"
        download(self.s3(), found, source)
        with self._opened(source) as content, target.open("wb") as out:
            for piece in self._answers(content):
                out.write(piece)
                if self.plan.assemble_lines and not piece.endswith(b"\n"):
                    out.write(b"\n")
        uri = join_uri(self.plan.target, f"{found.name}.out")
        upload(self.s3(), target, uri, self.plan.key_id)

    @contextmanager
    def _opened(self, path: Path) -> Iterator[BinaryIO]:
        with path.open("rb") as raw:
            if not self.plan.gzip:
                yield raw
                return
            try:
                with gzip.open(raw) as unpacked:
                    yield unpacked  # type: ignore[misc]  # it serves as a BinaryIO here
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise RecordError(f"Failed to decompress the object: {error}") from None

    def _answers(self, content: BinaryIO) -> Iterator[bytes]:
        """The part to keep of each answer, in the order of the records."""
        with closing(self._payloads(content)) as due:
            open_requests: deque[tuple[Payload, Future[bytes]]] = deque()
            try:
                for payload in due:
                    open_requests.append((payload, self.requests.submit(self._ask, payload[0])))
                    if len(open_requests) >= self.settings.concurrency:
                        yield self._kept(*open_requests.popleft())
                while open_requests:
                    yield self._kept(*open_requests.popleft())
            finally:
                for _, request in open_requests:
                    request.cancel()

    def _payloads(self, content: BinaryIO) -> Generator[Payload]:
        split, limit = self.plan.split, self.settings.limit
        return payloads(
            SPLITS[split](content, limit),
            split,
            single=self.settings.single,
            limit=limit,
            prepare=self.plan.association.prepare,
        )

    def _kept(self, payload: Payload, request: Future[bytes]) -> bytes:
        return self.plan.association.result(payload[1], request.result())

    def _ask(self, body: bytes) -> bytes:
        """Send a request, with retries. Raises ObjectFailed, StoppedWaiting."""
        pause = RETRY_PAUSE
        for attempt in range(self.plan.retries + 1):
            if self.stopping.is_set():
                raise StoppedWaiting
            try:
                return self._once(body)
            except ObjectFailed as failed:
                last = attempt == self.plan.retries or self.container.ended()
                if last or failed.failure.kind == "ClientError":
                    self._unless_stopped()
                    raise
            if self.stopping.wait(pause):
                raise StoppedWaiting
            pause *= 2
        raise AssertionError("the last attempt answers or raises")

    def _unless_stopped(self) -> None:
        """Raise StoppedWaiting if the job stops: the end of its server does not fail an object."""
        if self.stopping.is_set():
            raise StoppedWaiting

    def _once(self, body: bytes) -> bytes:
        try:
            answer = self.container.ask(
                "POST",
                "/invocations",
                self.plan.timeout,
                body,
                self.plan.headers,
                chunked=self.settings.limit is None,
            )
        except TimeoutError:
            message = (
                "Model server did not respond to /invocations request within "
                f"{self.plan.timeout:g} seconds"
            )
            raise ObjectFailed(Failure("AlgorithmError", (message,))) from None
        except ServerDown:
            message = "Unable to get response from algorithm"
            raise ObjectFailed(Failure("AlgorithmError", (message,))) from None
        if 200 <= answer.status < 300:
            return answer.body
        lines = answer.body.decode(errors="replace").splitlines()
        if 400 <= answer.status < 500:
            head = f"ClientError: {answer.status}"
            raise ObjectFailed(Failure("ClientError", (head, "", "Message:", *lines)))
        head = f"Bad HTTP status received from algorithm: {answer.status}"
        raise ObjectFailed(Failure("AlgorithmError", (head, "", "Message:", *lines)))
