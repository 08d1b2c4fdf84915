"""`python -m retrieval.embedders`: makes the configured embedding model ready, so that no first question waits."""

from __future__ import annotations

import sys

from help_center.faults import Mendable
from help_center.settings import load_settings
from retrieval.embedders import open_embedder

if __name__ == "__main__":
    try:
        open_embedder(load_settings().embedding_model)
    except Mendable as error:
        sys.exit(f"parley: {error}")
