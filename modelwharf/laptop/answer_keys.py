"""Cache the keys under which moto looks up each member of a response; imported by ``cloud``.

Stock moto computes the keys anew for every member of every response, also for absent members: a
quarter of the time of a DynamoDB call.
"""

import inspect
from typing import Any

from moto.core import responses
from moto.core.model import Shape
from moto.core.serialize import (
    AttributePickerContext,
    ResponseSerializer,
    XFormedAttributePicker,
)

from modelwharf.laptop.overrides import replace, stock

KEPT = "_modelwharf_keys"
"""The attribute of a shape that holds the keys. A shape lives as long as the process."""


def keep_keys() -> None:
    """Look values up in plain dicts with keys that are computed once."""
    work_out = stock(XFormedAttributePicker, "get_possible_keys")
    stock_value = stock(ResponseSerializer, "get_value")

    def keys_of(picker: XFormedAttributePicker, value: Any, key: str, shape: Shape) -> list[str]:
        """The keys for a dict. They depend on the member's name and shape, and its parent."""
        kept: dict[str, list[str]] = vars(shape).setdefault(KEPT, {})
        if key not in kept:
            context = AttributePickerContext(value, key, shape)
            kept[key] = list(dict.fromkeys(work_out(picker, context)))
        return kept[key]

    def get_value(self: ResponseSerializer, value: Any, key: str, shape: Shape) -> Any:
        picker = self._value_picker
        # Other cases go to moto: objects may define aliases, transformers need the path, and a dot
        # in a key makes a path.
        if type(value) is not dict or type(picker) is not XFormedAttributePicker:
            return stock_value(self, value, key, shape)
        keys = keys_of(picker, value, key, shape)
        if picker.response_transformers or any("." in one for one in keys):
            return stock_value(self, value, key, shape)
        return next((value[one] for one in keys if one in value), None)

    replace(ResponseSerializer, "get_value", get_value)


def ask_for_one_method() -> None:
    """Look up the one method that a call needs. Stock moto lists all methods of the service."""

    class Methods:
        def __init__(self, service: type) -> None:
            self._service = service

        def __contains__(self, name: object) -> bool:
            # A request that matches no operation of the service has no name.
            return isinstance(name, str) and inspect.isfunction(getattr(self._service, name, None))

    replace(responses, "method_names_from_class", Methods)


keep_keys()
ask_for_one_method()
