"""moto's own tests against the laptop's cloud: what moto does truly is not taken away.

They come with the source distribution of the moto that is pinned, and are fetched, never kept
here: `make test-moto`.
"""
