"""The server of many models: SageMaker's contract for multi-model endpoints.

https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html
"""

import base64
import binascii
import json
import logging
import os.path
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import parse_qs, unquote_to_bytes

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modelwharf.serving.application import NOT_FOUND, Application, check_method, read_body
from modelwharf.serving.footprint import footprint
from modelwharf.serving.invocation import invoke
from modelwharf.serving.journal import Journal
from modelwharf.serving.loaded_models import LoadedModel, LoadedModels
from modelwharf.serving.memory import MIB, Memory
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.request import Request
from modelwharf.serving.response import Response, json_response
from modelwharf.serving.served import Served
from modelwharf.serving.settings import Settings
from modelwharf.serving.timed_exchange import TimedExchange

PAGE_SIZE = 100
NAME_LIMIT = 256  # characters
URL_LIMIT = 1024  # characters
LOAD_BODY_LIMIT = 64 * 1024  # bytes
TARGET_MODEL = b"x-amzn-sagemaker-target-model"

LOG = logging.getLogger("inference")


class LoadRequest(BaseModel):
    """The body of ``POST /models``. Other fields, which SageMaker may add, are ignored."""

    model_config = ConfigDict(strict=True, frozen=True)

    model_name: Annotated[str, Field(min_length=1, max_length=NAME_LIMIT)]
    url: Annotated[str, Field(min_length=1, max_length=URL_LIMIT)]


class MultiModelApp(Application):
    """Serves the models in memory. ``models``: the folder that contains them."""

    def __init__(
        self, in_memory: LoadedModels[Served], models: Path, *, journal: Journal | None = None
    ) -> None:
        super().__init__(journal=journal)
        self._in_memory = in_memory
        self._models = models

    @classmethod
    def of(cls, settings: Settings, load: Callable[[Path], Served]) -> Self:
        """Create a server without models, within the available memory."""
        memory = Memory.of(settings.memory_limit)
        LOG.info(
            "serving models from %s; they may use %d MiB, %s",
            settings.models,
            memory.limit // MIB,
            memory.description,
        )
        in_memory = LoadedModels(load=load, needs=footprint, memory=memory)
        return cls(in_memory, settings.models, journal=Journal(settings.access_log))

    async def route(self, request: Request) -> Response:
        """Answer one request. Raises Refusal or ClientGone."""
        match _segments(request):
            case ["models", name, "invoke"]:
                check_method(request, "POST")
                self._in_memory.get(name)  # refuse before the client sends a body
                return await invoke(self._lent(name, request.headers), self.pool, request)
            case ["ping"]:
                check_method(request, "GET", "HEAD")
                return Response(200, b"", "text/plain")
            case ["models"] if request.method == "POST":
                return await self._load(request)
            case ["models"]:
                check_method(request, "GET", "HEAD", "POST")
                return json_response(self._page(request))
            case ["models", name] if request.method == "DELETE":
                loaded = await self._in_memory.unload(name)
                LOG.info("unloaded %r", name)
                return json_response(_described(loaded))
            case ["models", name]:
                check_method(request, "GET", "HEAD", "DELETE")
                return json_response(_described(self._in_memory.get(name)))
            case _:
                raise Refusal(
                    f"no such path {request.path}; there are /ping, /models, /models/{{name}} and "
                    "/models/{name}/invoke",
                    status=NOT_FOUND,
                )

    @contextmanager
    def _lent(self, name: str, headers: dict[bytes, bytes]) -> Iterator[TimedExchange]:
        """Yield a loaded model's exchange until the block ends. No other name holds the model."""
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        accept = headers.get(b"accept", b"").decode("latin-1")
        with self._in_memory.asked(name) as loaded:
            yield TimedExchange(loaded.model.exchange(content_type, accept))

    async def _load(self, request: Request) -> Response:
        wish = _load_request(await read_body(request, limit=LOAD_BODY_LIMIT))
        self._check_url(wish.url)
        loaded = await self._in_memory.load(wish.model_name, wish.url)
        target = request.headers.get(TARGET_MODEL, b"").decode("latin-1")
        LOG.info("loaded %r from %r, target model %r", wish.model_name, wish.url, target)
        return json_response(_described(loaded))

    def _check_url(self, url: str) -> None:
        """Refuse a URL outside SageMaker's models folder.

        Links are followed: SageMaker may have made them, and only SageMaker writes there.
        """
        if not Path(os.path.normpath(url)).is_relative_to(self._models) or not url.isprintable():
            raise Refusal(f"url is {url!r}; models are loaded from below {self._models}")

    def _page(self, request: Request) -> dict[str, object]:
        query = parse_qs(request.query.decode("latin-1"))
        after = _after(query.get("next_page_token", [""])[-1])
        loaded, more = self._in_memory.page(after, _page_size(query.get("limit", [""])[-1]))
        page: dict[str, object] = {"models": [_described(one) for one in loaded]}
        if more:
            page["nextPageToken"] = _token(loaded[-1].name)
        return page


def _segments(request: Request) -> list[str]:
    """Return the path's segments, decoded one by one: ``%2F`` is part of a name."""
    try:
        first, *parts = (unquote_to_bytes(part).decode() for part in request.raw_path.split(b"/"))
    except UnicodeDecodeError:
        raise Refusal("the path is not UTF-8", status=NOT_FOUND) from None
    return parts if not first else []


def _load_request(body: bytes) -> LoadRequest:
    try:
        wish = LoadRequest.model_validate_json(body)
    except ValidationError as error:
        finding = error.errors()[0]
        place = f"{finding['loc'][0]}: " if finding["loc"] else ""
        raise Refusal(f"{place}{finding['msg']}; send model_name and url as JSON") from None
    if not wish.model_name.isprintable() or wish.model_name in (".", ".."):
        raise Refusal(f"model_name is {wish.model_name!r}, which no path of a URL can hold")
    return wish


def _described(loaded: LoadedModel[Served]) -> dict[str, str]:
    return {"modelName": loaded.name, "modelUrl": loaded.url}


def _page_size(limit: str) -> int:
    if not limit:
        return PAGE_SIZE
    if not re.fullmatch("[0-9]{1,3}", limit) or not 1 <= int(limit) <= PAGE_SIZE:
        raise Refusal(f"limit is {limit[:100]!r}; it must be 1 to {PAGE_SIZE}")
    return int(limit)


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(name).encode()).decode()


def _after(token: str) -> str:
    """Return the name after which a page begins; "" for the first page."""
    try:
        name = json.loads(base64.urlsafe_b64decode(token)) if token else ""
    except (binascii.Error, ValueError):
        name = None
    if not isinstance(name, str):
        raise Refusal(f"next_page_token {token[:100]!r} is not one that this server gave")
    return name
