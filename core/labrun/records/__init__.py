"""What a run writes about itself, and how a finished run is read and compared.

The engine writes it; the report, the crate and the command line read it. Begin with `run_folder`, then `finished_run`.
"""
