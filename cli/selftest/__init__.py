"""``wharf selftest``: a tiny release in an account, compared with what the laptop promises.

One observation is one file in ``observations/`` and one line in ``plan.py``.
"""
