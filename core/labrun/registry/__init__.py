"""Find plugins, check them, and set broken ones aside.

Imported by `project`, `planning` and `workers`. Begin with `registry`; `fingerprint` hashes the code that a result depends on.
"""
