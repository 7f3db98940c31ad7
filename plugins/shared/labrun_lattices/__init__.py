"""Clusters and spectra of fields on regular periodic grids, shared by several plugins.

Plugins import it; it imports the contracts and the kit. Begin with `clusters`.
"""
