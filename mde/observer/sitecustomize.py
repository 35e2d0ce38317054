"""Python runs this before anything else where its folder is on PYTHONPATH: the enclosure's Pythons watch themselves.

Named as Python's `site` asks for. Without the enclosure's variables it does nothing.
"""

from __future__ import annotations

import os

if "MDE_ENCLOSURE" in os.environ:
    from mde.enclosure import watch_self

    watch_self()
