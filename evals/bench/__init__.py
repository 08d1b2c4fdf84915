"""`make bench`: how fast, against baselines in the same run. Prints tables; asserts nothing.

`__main__.py` is the driver, `corpus.py` what is indexed, `indexing.py`, `scale.py` and `start.py` measure, `searching.py`
is the process in which one size is searched, `chart.py` draws. `inbox.py` is `make bench-inbox`, over the desk that
`desk.py` makes.
"""
