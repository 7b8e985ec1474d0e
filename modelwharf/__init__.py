"""Modelwharf: continuous delivery for your own model on Amazon SageMaker, whole on a laptop too.

Each room is imported by itself. This file goes into the images and into the functions' archive, so
it imports nothing, and a new version of the package leaves it as it is.
"""


def __getattr__(name: str) -> str:
    """``__version__`` is read from the installed package's metadata, which takes 20 ms."""
    if name == "__version__":
        from importlib.metadata import version

        return version("modelwharf")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
