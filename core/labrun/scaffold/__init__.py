"""`labrun new`: plugins and projects to begin with, written from the templates beside this file."""
