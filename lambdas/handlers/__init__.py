"""The functions that Lambda calls: one module for each, with its name."""
