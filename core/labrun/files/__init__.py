"""Files on the disk: written whole, digested, checked before they are read.

The engine and the plugins import this package; it imports nothing of labrun but its faults. Begin with `atomic`, then `trust`.
"""
