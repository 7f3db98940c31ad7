"""Networks of sites and bonds: their data, their pictures, and scores of networks recovered from pictures.

Plugins import it. Begin with `network`.
"""
