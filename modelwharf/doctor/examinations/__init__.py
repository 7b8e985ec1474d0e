"""One file for each check: its name, why it matters, and how it is examined."""
