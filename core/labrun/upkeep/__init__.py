"""Look after a store: verify every file, and remove what nothing needs any more.

Imported by the command line. Begin with `verification`, then `garbage`.
"""
