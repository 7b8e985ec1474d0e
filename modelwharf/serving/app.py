"""The server of one model: ``/ping``, ``/invocations`` and the endpoints that describe them."""

from contextlib import nullcontext
from typing import Any

from modelwharf.serving.application import NOT_FOUND, Application, check_method
from modelwharf.serving.invocation import invoke
from modelwharf.serving.journal import Journal
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.request import Request
from modelwharf.serving.response import Response, json_response
from modelwharf.serving.served import Served
from modelwharf.serving.thread_pool import ThreadPool, busy
from modelwharf.serving.timed_exchange import ExchangeCache

# Batch transform asks for these limits: https://docs.aws.amazon.com/sagemaker/latest/dg/
# your-algorithms-batch-code.html. A payload may have 6 MB, SageMaker's default. The payload times
# the concurrent requests must stay within 100 MB.
BATCH_PAYLOAD_MB = 6
BATCH_PRODUCT_MB = 100


class App(Application):
    """Serves one model, which is missing while it loads. ``parallel``: concurrent requests."""

    def __init__(
        self,
        served: Served | None = None,
        *,
        pool: ThreadPool | None = None,
        journal: Journal | None = None,
        parallel: int = 1,
    ) -> None:
        super().__init__(pool=pool, journal=journal)
        self.exchanges = None if served is None else ExchangeCache(served)
        self._parallel = parallel

    async def route(self, request: Request) -> Response:
        """Answer one request. Raises Refusal or ClientGone."""
        match request.path:
            case "/ping":
                check_method(request, "GET", "HEAD")
                status = 200 if self.exchanges else 503
                self.journal.ping(status)
                return Response(status, b"", "text/plain")
            case "/invocations":
                check_method(request, "POST")
                content_type = request.headers.get(b"content-type", b"")
                timed = self._loaded().find(content_type, request.headers.get(b"accept", b""))
                return await invoke(nullcontext(timed), self.pool, request)
            case "/execution-parameters":
                check_method(request, "GET", "HEAD")
                return json_response(self._execution_parameters())
            case "/openapi.json":
                check_method(request, "GET", "HEAD")
                return json_response(self._description())
            case path:
                raise Refusal(_nowhere(path), status=NOT_FOUND)

    def _loaded(self) -> ExchangeCache:
        if self.exchanges is None:
            raise busy("the model is still loading")
        return self.exchanges

    def _description(self) -> dict[str, Any]:
        from modelwharf.serving.openapi import document  # rarely requested

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
