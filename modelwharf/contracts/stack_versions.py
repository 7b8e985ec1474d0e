"""What a stack says of the package that made its template, for the command line that reads it."""

OLDEST_READER = "0.1.0"
"""The oldest version whose command line understands this version's stack.

Set it to the coming version with a change that an older command line would misread or undo: in the
outputs, the release document, the ledger's rows, the parameters.
"""
