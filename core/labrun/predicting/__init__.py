"""Apply a trained model to new data: read the data, predict, write tables and pictures.

The command line imports this package. Begin with `new_data`.
"""
