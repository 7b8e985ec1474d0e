"""The oil-price exemplar's server: ``/ping`` and ``/invocations``, as SageMaker calls them."""
