"""One file for each thing that is checked: what it is called, why it matters, how it is seen."""
