"""What a plugin author reads: the four kinds of plugin, what they are given, what they return, and the hooks.

All of labrun and every plugin may import it (plugins mostly through `from labrun import …`). Begin with `plugin`, then `inputs`.
"""
