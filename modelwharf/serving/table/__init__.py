"""A model over a table of numbers: rows in, predictions out, in five formats."""
