"""`labrun new`: write new plugins and projects from the templates beside this file.

The command line imports it. Begin with `package` for plugins, with `project` for projects.
"""
