"""Run a plan: simulate, train and analyse what is missing, and notify observers.

The API and the command line import it. Begin with `session`, which sets everything up; `engine` decides what to run, and `making` does it.
"""
