"""From a YAML file to checked stages: read, lay over, sweep, connect, configure.

Planning and everything after it imports it. Begin with `load`; a fault of the project is collected in `faultbook`.
"""
