"""The server of one model: ``/ping``, ``/invocations`` and what describes them."""

from contextlib import nullcontext
from typing import Any

from inference.annex import Annex, busy
from inference.asgi import (
    NOT_FOUND,
    Application,
    Message,
    Receive,
    Send,
    check_method,
    headers_of,
    respond,
    respond_json,
)
from inference.invocation import invoke
from inference.journal import Journal
from inference.refusal import Refusal
from inference.served import Served
from inference.way import Ways

# Batch transform asks what to send: https://docs.aws.amazon.com/sagemaker/latest/dg/
# your-algorithms-batch-code.html. A payload may be 6 MB, SageMaker's own default, whose
# product with the requests at once must stay within 100.
BATCH_PAYLOAD_MB = 6
BATCH_PRODUCT_MB = 100


class App(Application):
    """Serves one model; none yet while it loads. ``parallel``: requests worked on at once."""

    def __init__(
        self,
        served: Served | None = None,
        *,
        annex: Annex | None = None,
        journal: Journal | None = None,
        parallel: int = 1,
    ) -> None:
        super().__init__(annex=annex, journal=journal)
        self.ways = None if served is None else Ways(served)
        self._parallel = parallel

    async def route(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request. Raises Refusal or ClientGone."""
        match scope["path"]:
            case "/ping":
                check_method(scope, "GET", "HEAD")
                status = 200 if self.ways else 503
                self.journal.ping(status)
                await respond(send, status, b"", "text/plain")
            case "/invocations":
                check_method(scope, "POST")
                headers = headers_of(scope)
                accept = headers.get(b"accept", b"")
                way = self._loaded().find(headers.get(b"content-type", b""), accept)
                await invoke(nullcontext(way), self.annex, scope, receive, send)
            case "/execution-parameters":
                check_method(scope, "GET", "HEAD")
                await respond_json(send, 200, self._execution_parameters())
            case "/openapi.json":
                check_method(scope, "GET", "HEAD")
                await respond_json(send, 200, self._description())
            case path:
                raise Refusal(_nowhere(path), status=NOT_FOUND)

    def _loaded(self) -> Ways:
        if self.ways is None:
            raise busy("the model is still loading")
        return self.ways

    def _description(self) -> dict[str, Any]:
        from inference.openapi import document  # seldom asked for

        return document(self._loaded().served)

    def _execution_parameters(self) -> dict[str, object]:
        return {
            "MaxConcurrentTransforms": min(self._parallel, BATCH_PRODUCT_MB // BATCH_PAYLOAD_MB),
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": BATCH_PAYLOAD_MB,
        }


def _nowhere(path: str) -> str:
    if path == "/models" or path.startswith("/models/"):
        return "this server serves one model; SAGEMAKER_MULTI_MODEL=true makes it serve many"
    return (
        f"no such path {path[:100]}; there are /ping, /invocations, /execution-parameters and "
        "/openapi.json"
    )
