"""What the laptop's cloud answers and refuses, by the tables in modelwharf.laptop.services.

``calls``        whether a call is offered, and the reason if not
``constraints``  parameters that violate AWS's model of the call
``middleware``   refusals before the gate; behind it empty lists and moto's own failures
``page``         writes docs/laptop-services.md: ``python -m modelwharf.laptop.offer.page``
"""
