"""The deployed functions: one module for each state of the release, one asset for all.

A handler parses its event into a contract, makes one call and returns a contract.
"""
