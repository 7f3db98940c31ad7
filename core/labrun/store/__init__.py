"""The store: each result in a folder under its key, complete or absent.

Imported by everything that plans, runs or cleans. Begin with `store`; `parts` holds the members of a simulation.
"""
