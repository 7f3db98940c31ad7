"""Look after a store: verify every file, and remove what nothing needs any more.

The command line imports it. Begin with `verification`, then `garbage`.
"""
