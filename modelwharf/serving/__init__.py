"""The inference server: ``/ping`` and ``/invocations``, as SageMaker calls them."""
