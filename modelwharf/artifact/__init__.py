"""What images hold: a model's artifact, its holdout, its evaluation, and dropping root.

Both images contain this package, so a change in it builds both again. ``modelwharf.contracts`` has
what only releases need.
"""
