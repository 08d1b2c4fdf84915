"""The desk where articles are written: list, editor, versions, appointments, redirects, links, sections, translations, exchange.

One file for each, with its routes; `doors` puts them together. Records and rules are `help_center`'s; the index is a
function that `bot/app.py` hands in, because what is published must be found when the call returns.
"""
