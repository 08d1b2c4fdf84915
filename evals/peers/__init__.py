"""Parley's search beside other programs that do the same, in one run: `make bench-peers`.

`bench.py` is the driver, `worker.py` the process that one peer runs in, every other module one peer. Peers run in an
environment of their own (`.venv-peers`, `requirements.txt`); nothing of the product imports them.
"""
