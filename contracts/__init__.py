"""The shapes that cross a boundary: requests, releases, parameters, reports, names.

Everything here is a small frozen model or a pure function. Nothing here talks to AWS.
"""
