"""The loaded model: requests in, forecasts out, without HTTP."""

import zipfile
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inference.exchange import ForecastExchange
from modelwharf.artifact.forecast import (
    CONTRACT_FILE,
    MODEL_FILE,
    ORIGINS_FILE,
    Forecast,
    ForecastContract,
    ForecastRequest,
    origin_key,
)
from modelwharf.serving.refusal import Refusal, shown
from modelwharf.serving.served import ModelBroken

Floats = NDArray[np.float64]
SATURDAY = 5
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class ProductOrigins:
    """The origins of one product, and what was known on each."""

    days: Sequence[
        int
    ]  # ordinals, oldest first; a dict of dates took more memory than everything else
    price: Floats
    scale: Floats
    features: Floats

    def row(self, day: date) -> int | None:
        ordinal = day.toordinal()
        row = bisect_left(self.days, ordinal)
        return row if row < len(self.days) and self.days[row] == ordinal else None

    def span(self) -> tuple[date, date]:
        return date.fromordinal(self.days[0]), date.fromordinal(self.days[-1])


@dataclass(frozen=True)
class Question:
    """A valid request: its origin and horizon."""

    request: ForecastRequest
    as_of: date
    row: int
    horizon: int


class Forecaster:
    """Answers for every product of one model. Safe to use from several threads."""

    def __init__(
        self,
        contract: ForecastContract,
        session: onnxruntime.InferenceSession,
        origins: dict[str, ProductOrigins],
    ) -> None:
        self.contract = contract
        self.description = (
            f"forecasts of {', '.join(contract.products)}, with onnxruntime "
            f"{onnxruntime.__version__}"
        )
        self._session = session
        self._options = onnxruntime.RunOptions()  # without it, each run makes one: 1 of 8 µs
        self._origins = origins
        self._widths = {
            (width.product, horizon): (width.low, width.high)
            for width in contract.intervals
            for horizon in range(width.bucket.first, width.bucket.last + 1)
        }

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the artifact and answer one request per product with it.

        Raises ModelBroken when a file is missing, cannot be read or does not fit the others.
        """
        for name in (CONTRACT_FILE, MODEL_FILE, ORIGINS_FILE):
            if not (folder / name).exists():
                raise ModelBroken(f"{folder / name} is missing")
        try:
            contract = ForecastContract.model_validate_json((folder / CONTRACT_FILE).read_bytes())
        except (OSError, ValueError) as error:
            raise ModelBroken(f"{folder / CONTRACT_FILE}: {error}") from None
        session = _session(folder / MODEL_FILE, contract)
        forecaster = cls(contract, session, _read_origins(folder / ORIGINS_FILE, contract))
        forecaster._check()
        return forecaster

    def exchange(self, content_type: str, accept: str) -> ForecastExchange:
        """The exchange for these two headers. Raises Refusal (415, 406)."""
        return ForecastExchange.of(self.answer, content_type, accept)

    def openapi(self) -> dict[str, object]:
        """``requestBody`` and ``responses`` of ``POST /invocations``."""
        from inference.description import describe

        return describe(self.contract)

    def answer(self, requests: Sequence[ForecastRequest]) -> list[Forecast]:
        """One forecast per request, in order.

        Raises Refusal for the first request that cannot be answered; several requests are
        counted from 1 in its reason.
        """
        questions = []
        for number, request in enumerate(requests, 1):
            try:
                questions.append(self._question(request))
            except Refusal as refusal:
                if len(requests) == 1:
                    raise
                raise Refusal(f"request {number}: {refusal.reason}") from None
        if not questions:
            return []
        changes = self._changes(questions)
        return [
            self._forecast(question, float(change))
            for question, change in zip(questions, changes, strict=True)
        ]

    def _question(self, request: ForecastRequest) -> Question:
        origins = self._origins.get(request.product)
        if origins is None:
            known = ", ".join(self.contract.products)
            raise Refusal(f"unknown product {shown(request.product)}; known products: {known}")
        as_of = request.as_of or self.contract.latest_origin[request.product]
        row = origins.row(as_of)
        if row is None:
            first, last = origins.span()
            raise Refusal(
                f"as_of {as_of} is not a day with a price of {request.product} that can be "
                f"forecast from; those lie between {first} and {last}"
            )
        horizon = self._horizon(request, as_of)
        return Question(request, as_of, row, horizon)

    def _horizon(self, request: ForecastRequest, as_of: date) -> int:
        if request.date.weekday() >= SATURDAY:
            raise Refusal(
                f"date {request.date} is a {request.date:%A}; forecasts are for Monday to Friday"
            )
        if request.date <= as_of:
            raise Refusal(
                f"date {request.date} is not after {as_of}, the last day that the forecast knows"
            )
        horizon = int(np.busday_count(as_of, request.date))
        limit = self.contract.horizon_days
        if horizon > limit:
            furthest = np.busday_offset(as_of, limit).item()
            raise Refusal(
                f"date {request.date} is {horizon} business days after {as_of}; forecasts reach "
                f"{limit}, until {furthest}"
            )
        return horizon

    def _changes(self, questions: Sequence[Question]) -> Floats:
        rows = np.empty((len(questions), len(self.contract.feature_names)))
        for number, question in enumerate(questions):
            rows[number, :-1] = self._origins[question.request.product].features[question.row]
            rows[number, -1] = question.horizon
        changes: Floats = self._session.run(["change"], {"features": rows}, self._options)[0]
        return changes.reshape(-1)

    def _forecast(self, question: Question, change: float) -> Forecast:
        product = question.request.product
        origins = self._origins[product]
        scale = float(origins.scale[question.row])
        forecast = float(origins.price[question.row]) + change * scale
        low, high = self._widths[product, question.horizon]
        return Forecast(
            product=product,
            date=question.request.date,
            as_of=question.as_of,
            horizon=question.horizon,
            forecast=forecast,
            low=forecast + low * scale,
            high=forecast + high * scale,
            level=self.contract.interval_level,
        )

    def _check(self) -> None:
        """Answer the nearest and the furthest request of each product."""
        for product in self.contract.products:
            for horizon in (1, self.contract.horizon_days):
                self._check_answer(product, horizon)

    def _check_answer(self, product: str, horizon: int) -> None:
        latest = self.contract.latest_origin[product]
        day = np.busday_offset(latest, horizon).item()
        try:
            (answer,) = self.answer([ForecastRequest(product=product, date=day)])
        except (Refusal, KeyError) as error:
            raise ModelBroken(f"the model cannot forecast {product} {day}: {error}") from None
        if not answer.low <= answer.forecast <= answer.high or not np.isfinite(answer.forecast):
            raise ModelBroken(
                f"the model forecasts {answer.forecast} ({answer.low} to {answer.high}) for "
                f"{product} on {day}"
            )


def _session(path: Path, contract: ForecastContract) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a row is too small to share; more threads only wait
    options.inter_op_num_threads = 1
    # The arena keeps the largest batch's memory until the model is unloaded: 798 MiB after one
    # batch, and 4 MiB without it. It made no measured row faster.
    options.enable_cpu_mem_arena = False
    try:
        # By its path: from bytes, onnxruntime keeps a second copy of every constant.
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no public base class
        raise ModelBroken(f"{path} is not a graph that onnxruntime can load: {error}") from None
    inputs = [(one.name, one.type, one.shape[-1]) for one in session.get_inputs()]
    expected = [("features", "tensor(double)", len(contract.feature_names))]
    if inputs != expected:
        raise ModelBroken(f"{path} takes {inputs}, but {CONTRACT_FILE} says {expected}")
    return session


def _read_origins(path: Path, contract: ForecastContract) -> dict[str, ProductOrigins]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {
                product: ProductOrigins(
                    days=_ordinals(arrays[origin_key(product, "date")]),
                    price=arrays[origin_key(product, "price")],
                    scale=arrays[origin_key(product, "scale")],
                    features=arrays[origin_key(product, "features")],
                )
                for product in contract.products
            }
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ModelBroken(f"{path} does not hold the origins of every product: {error}") from None


def _ordinals(days: NDArray[np.datetime64]) -> Sequence[int]:
    """As ``date.toordinal`` counts. Python reads an array's numbers faster than NumPy's."""
    since = days.astype("datetime64[D]").astype(np.int64) + EPOCH
    return array("q", since.tobytes())
