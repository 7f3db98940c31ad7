"""Pictures of dots: the distance between neighbouring dots, and windows in which networks are shown all pictures at one such distance.

Plugins import it. Begin with `windows`.
"""
