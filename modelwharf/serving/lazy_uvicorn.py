"""uvicorn without its command line."""

import sys
from importlib.util import find_spec, module_from_spec


def defer_command_line() -> None:
    """Let ``import uvicorn.server`` and similar imports skip ``uvicorn/__init__.py``.

    That file imports the command line, which imports click: a fifth of a cold start
    (docs/decisions/0026). It runs when one of its names is first used, for example ``uvicorn.run``.
    Only Config, which uvicorn's own modules use, is available without it.
    """
    spec = find_spec("uvicorn")
    if "uvicorn" in sys.modules or spec is None or spec.loader is None:
        return
    loader, package = spec.loader, module_from_spec(spec)

    def asked_for(name: str) -> object:
        if name == "Config":
            from uvicorn.config import Config

            return Config
        del vars(package)["__getattr__"]
        loader.exec_module(package)
        return getattr(package, name)

    vars(package)["__getattr__"] = asked_for  # PEP 562
    sys.modules["uvicorn"] = package
