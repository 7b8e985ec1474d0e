"""One file for each thing that is looked at: what it is called, why it matters, how it is seen."""
