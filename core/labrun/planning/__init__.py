"""Give every stage its key, and make finished results available to the stages that need them.

The engine, the records and the report import it. Begin with `plan`, then `results`.
"""
