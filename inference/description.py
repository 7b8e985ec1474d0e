"""The OpenAPI description of a forecaster."""

from modelwharf.artifact.forecast import Forecast, ForecastContract, ForecastRequest
from modelwharf.serving.formats import NAMES, Format


def describe(contract: ForecastContract) -> dict[str, object]:
    """``requestBody`` and the contents of a 200, in OpenAPI 3.1."""
    question = ForecastRequest.model_json_schema()
    question["properties"]["product"] = {"enum": list(contract.products)}
    answer = Forecast.model_json_schema()
    asked = {
        Format.JSON: {"schema": {"oneOf": [question, {"type": "array", "items": question}]}},
        Format.JSON_LINES: {"schema": {"type": "string"}},
        Format.CSV: {
            "schema": {"type": "string"},
            "examples": {"question": {"value": "product,date\nwti,2019-01-15\n"}},
        },
    }
    answered = {
        Format.JSON: {"schema": {"oneOf": [answer, {"type": "array", "items": answer}]}},
        Format.JSON_LINES: {"schema": {"type": "string"}},
        Format.CSV: {"schema": {"type": "string"}},
    }
    return {
        "requestBody": {
            "required": True,
            "description": (
                f"One question or several, about {', '.join(contract.products)}, up to "
                f"{contract.horizon_days} business days ahead."
            ),
            "content": {name: asked[form] for name, form in NAMES.items() if form in asked},
        },
        "responses": {
            "200": {
                "description": "An answer a question, in the questions' order.",
                "content": {
                    name: answered[form] for name, form in NAMES.items() if form in answered
                },
            }
        },
    }
