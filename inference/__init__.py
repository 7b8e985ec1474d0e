"""The oil-price exemplar's server: a request has a product and a day, the answer a forecast.

It passes its kind of model to ``modelwharf.serving``, which does the rest.
"""
