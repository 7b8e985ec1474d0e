"""The command ``wharf``: the same commands against the laptop's cloud and against AWS."""
