"""The promises that are compared, one per file."""
