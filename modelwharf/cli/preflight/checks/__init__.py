"""One file per check: its name, why it matters, and how it looks."""
