"""Help for plugins that knows no physics: statistics, colours, thumbnails, tables and expressions that several of them share.

Plugins, `predicting` and `display` import it; it imports the contracts and the files. A module here belongs to the key of every stage
whose plugin imports it. Begin with `classification` and `bootstrap`.
"""
