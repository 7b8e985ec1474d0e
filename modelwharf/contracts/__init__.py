"""What releases hold: requests, the release document, parameters, names, the ledger's rows.

Everything here is a small frozen model or a pure function. Nothing here calls AWS, and no image is
built from it: ``modelwharf.artifact`` has what images hold.
"""
