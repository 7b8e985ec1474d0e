"""One thread for as long as models are compared."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenMP's and BLAS's threads, and joblib's workers, wait outside.

    The comparison asks many small questions: threads that wait for each other took five times
    as long. And a forest with ``n_jobs`` adds its trees in whatever order they come, so that its
    own answers differ from call to call in the last bit.
    """
    with ExitStack() as limits:
        try:
            from threadpoolctl import threadpool_limits
        except ModuleNotFoundError:  # it and joblib come with scikit-learn
            pass
        else:
            limits.enter_context(threadpool_limits(1))
        try:
            from joblib import parallel_config
        except ModuleNotFoundError:
            pass
        else:
            limits.enter_context(parallel_config(backend="sequential"))
        yield
