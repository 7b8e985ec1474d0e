"""``wharf selftest``: a tiny release in an account, compared with the laptop's promises.

One observation is one file in ``observations/`` and one line in ``plan.py``.
"""
