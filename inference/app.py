"""The server of one model: ``/ping`` and ``/invocations``."""

from inference.asgi import (
    NOT_FOUND,
    Application,
    Message,
    Receive,
    Send,
    check_method,
    respond,
    respond_json,
)
from inference.forecast.forecaster import Forecaster
from inference.invocation import Invocation
from inference.refusal import Refusal


class App(Application):
    """Serves one forecaster, from the moment that it is put into ``forecaster``."""

    def __init__(self, forecaster: Forecaster | None = None) -> None:
        self.forecaster = forecaster

    async def route(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request. Raises Refusal or ClientGone."""
        match scope["path"]:
            case "/ping":
                check_method(scope, "GET", "HEAD")
                await respond(send, 200 if self.forecaster else 503, b"", "text/plain")
            case "/invocations":
                check_method(scope, "POST")
                await self._invoke(scope, receive, send)
            case path:
                raise Refusal(_nowhere(path), status=NOT_FOUND)

    async def _invoke(self, scope: Message, receive: Receive, send: Send) -> None:
        forecaster = self.forecaster
        if forecaster is None:
            await respond_json(send, 503, {"error": "the model is still loading"})
            return
        invocation = await Invocation.read(scope, receive)
        await invocation.respond(send, await invocation.work(forecaster.answer))


def _nowhere(path: str) -> str:
    if path == "/models" or path.startswith("/models/"):
        return "this server serves one model; SAGEMAKER_MULTI_MODEL=true makes it serve many"
    return f"no such path {path}; there are /ping and /invocations"
