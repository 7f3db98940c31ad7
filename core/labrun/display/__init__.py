"""The display of a run: in the terminal, in a window, in notebooks.

The API and the command line import it. Texts from plugins and projects are escaped. Begin with `terminal`.
"""
