"""What a person sees while labrun works: the terminal, a window, notebooks.

The API and the command line import it; what others have written is escaped. Begin with `terminal`.
"""
