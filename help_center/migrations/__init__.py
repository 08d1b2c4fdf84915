"""The schema's history. `HEAD` is the revision that this program's tables are at (a test holds it to that)."""

HEAD = "0001"
