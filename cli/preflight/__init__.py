"""Looks at an account before the first deploy and before a release.

``account``   what the checks look at: the cloud, the synthesised template, this machine
``check``     one check, and the findings that it can come to
``checks``    one file for each thing that is looked at
``plan``      which checks, in which order, and which of them make no sense any more
``picture``   the findings for people
"""
