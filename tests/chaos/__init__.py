"""Pushes good and bad while functions, events and the cloud itself are killed: `make chaos`.

``pushes``        what is committed, and how its release has to end
``disturbances``  what goes wrong meanwhile
``world``         the laptop's cloud, from one kill to the next, and the team that works with it
``callers``       who asks the endpoint without pause
``evidence``      what is there once all is quiet
``judge``         what of it must not be
"""
