"""The permission to run the code of a project's folder.

Develop exists to run it and has the permission from the start. Review reads what
is stored, and asks first: the folder may be somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import UsageError


class CodePermission:
    """The permission to load journey code; `remember` stores a permission that was granted."""

    def __init__(self, granted: bool = True, remember: Callable[[], None] = lambda: None) -> None:
        self.granted = granted
        self._remember = remember

    def grant(self) -> None:
        """Allow the code to run, now and when this folder is opened again. Raises WorkbenchError."""
        self.granted = True
        self._remember()

    def require(self) -> None:
        """Raise UsageError without the permission."""
        if not self.granted:
            raise UsageError(
                "the code of this folder was not run",
                hint="allow it in Review, or with: workbench review --run-code",
            )
