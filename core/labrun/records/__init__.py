"""The record that a run writes of itself, and how finished runs are read and compared.

The engine writes it; the report, the crate and the command line read it. Begin with `run_folder`, then `finished_run`.
"""
