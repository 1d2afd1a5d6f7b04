"""The import path of `python -m workbench`, imported before any library.

Python adds the working folder to the path before it imports the package, and modules there would
replace those of libraries.
"""

from __future__ import annotations

import os
import sys


def drop_working_folder() -> None:
    """Remove the working folder from the path, if this process is `python -m workbench`."""
    arguments = sys.orig_argv[1:]
    module = arguments[arguments.index("-m") + 1 :][:1] if "-m" in arguments else []
    if module == ["workbench"] and sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]


drop_working_folder()
