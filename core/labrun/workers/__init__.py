"""Worker processes, in a local pool or a Dask cluster, and the dispatch of tasks to them.

Imported by `engine`. Begin with `protocol`, then `pool` and `dispatch`.
"""
