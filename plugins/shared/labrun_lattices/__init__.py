"""Clusters and spectra of fields on regular periodic grids, shared by several plugins.

Plugins import it; it imports only the contracts and the kit. Begin reading with `clusters`.
"""
