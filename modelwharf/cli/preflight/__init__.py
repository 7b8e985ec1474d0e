"""Checks an account before the first deploy and before a release.

``account``   the subjects of the checks: the cloud, the synthesised template, this machine
``check``     one check, and its possible findings
``checks``    one file per check
``plan``      the checks, their order, and which checks depend on others
``picture``   the findings for people
"""
