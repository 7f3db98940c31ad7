"""Find plugins, check them, and set broken ones aside.

The project, the planning and the workers import it. Begin with `registry`; `fingerprint` hashes the code that a result depends on.
"""
