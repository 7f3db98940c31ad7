"""Help for plugins, without physics: statistics, methods side by side, tables, colours, panels and expressions that several of them share.

Plugins, `predicting` and `display` import it; it imports the contracts and the files. A module here is part of the key of every stage
whose plugin imports it. Begin with `methods` and `classification`.
"""
