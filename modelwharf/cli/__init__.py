"""The command ``wharf``: the same commands for the laptop's cloud and for AWS."""
