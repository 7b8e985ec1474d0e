"""Fuzzing of the inference server, as a process: ``make fuzz N=100000``."""
