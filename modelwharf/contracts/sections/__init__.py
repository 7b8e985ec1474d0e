"""The sections of a project's parameters, one a file."""
