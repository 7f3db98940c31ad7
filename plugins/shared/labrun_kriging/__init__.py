"""Gaussian processes for samplers: a surface through the rows so far, with its error, that costs the same however many rows there are."""
