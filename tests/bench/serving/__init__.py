"""``make bench-serving``: the inference server beside its peers, on this machine."""
