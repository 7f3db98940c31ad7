"""Processes that do the work: a local pool or a Dask cluster, and how pieces of work reach them.

The engine and the session import it. Begin with `protocol`, then `pool` and `dispatch`.
"""
