"""The store: each result in a folder under its key, there whole or not at all.

Everything that plans, runs or cleans imports it. Begin with `store`; `parts` holds the members of a simulation.
"""
