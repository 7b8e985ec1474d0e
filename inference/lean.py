"""uvicorn without its command line."""

import sys
from importlib.util import find_spec, module_from_spec


def leave_out_command_line() -> None:
    """Let ``import uvicorn.server`` and the like import that, and not the package's front page.

    The front page, ``uvicorn/__init__.py``, imports the command line, and that click: a fifth of a
    cold start (docs/decisions/0026). It runs when somebody first asks for a name that is on it,
    ``uvicorn.run`` for one; only Config, which uvicorn's own modules ask for, comes without.
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
