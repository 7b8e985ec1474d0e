"""Limits libraries to one thread while models are compared."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Disable OpenMP's and BLAS's threads, and joblib's workers, within the block.

    The comparison makes many small calls: threads that wait for each other took five times as long.
    A forest with ``n_jobs`` adds its trees in the order in which they finish, so that the last bit
    of its own answers differs from call to call.
    """
    with ExitStack() as limits:
        try:
            from threadpoolctl import threadpool_limits
        except ModuleNotFoundError:  # threadpoolctl and joblib come with scikit-learn
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
