"""The contracts that a plugin author reads: the five kinds of plugin, what they receive and return, and the hooks.

All of labrun and every plugin may import this package (plugins mostly by `from labrun import …`). Begin with `plugin`, then `inputs`.
"""
