"""Networks of sites and bonds: their data, their pictures, and how well they are recovered from pictures.

Plugins import it. Begin with `network`.
"""
