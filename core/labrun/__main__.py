"""`python -m labrun` is the command `labrun`."""

from labrun.cli import main

main(prog_name="labrun")
