"""Apply a trained model to new data: read it, predict, write tables and pictures.

The command line imports it. Begin with `new_data`.
"""
