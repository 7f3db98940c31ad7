"""Run a plan: simulate, train and analyse what is missing, and tell observers.

The API and the command line import it. Begin with `session`, which sets everything up, then `engine`.
"""
