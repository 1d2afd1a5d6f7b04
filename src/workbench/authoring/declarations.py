"""The decorators `@tool` and `@policy`, shared by agents and journeys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, overload

from ..errors import JourneyError
from ..source import caller_location, source_location
from ..trace.events import Hook
from .builtin import BUILT_IN
from .policy import Policy
from .tool import Condition, Tool, make_tool

F = TypeVar("F", bound=Callable[..., Any])
ToolNames = Tool | str | Iterable["Tool | str"]


class Declarations:
    """Collects the tools and policies of an agent or a journey, with its folder and source location.

    `cache` stores values derived from it, because it never changes after loading.
    """

    name: str

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder, self.file, line = caller_location(3)
        self.source = f"{self.file}:{line}"
        self.tools: dict[str, Tool] = {}
        self.policies: list[Policy] = []
        self.rehearsal: Any = None
        self.cache: dict[str, Any] = {}

    @property
    def _scope(self) -> str:
        return self.name

    @overload
    def tool(self, fn: Callable[..., Any], /) -> Tool: ...

    @overload
    def tool(
        self,
        *,
        writes: bool = False,
        replay_only: bool = False,
        hands_off: bool = False,
        when: Condition | None = None,
        reexecute: bool | None = None,
        unordered: bool | Sequence[str] = False,
    ) -> Callable[[Callable[..., Any]], Tool]: ...

    def tool(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        writes: bool = False,
        replay_only: bool = False,
        hands_off: bool = False,
        when: Condition | None = None,
        reexecute: bool | None = None,
        unordered: bool | Sequence[str] = False,
    ) -> Tool | Callable[[Callable[..., Any]], Tool]:
        """Declare a tool with `@journey.tool` or `@journey.tool(writes=True)`; returns a Tool."""

        def declare(body: Callable[..., Any]) -> Tool:
            tool = make_tool(
                body, journey=self._scope, writes=writes, replay_only=replay_only, hands_off=hands_off, when=when,
                reexecute=reexecute, unordered=unordered if isinstance(unordered, bool) else tuple(unordered),
            )  # fmt: skip
            if tool.name in self.tools or tool.name in BUILT_IN:
                raise JourneyError(
                    f"duplicate tool name {tool.name!r}",
                    where=tool.source,
                    hint="rename one of them",
                )
            self.tools[tool.name] = tool
            return tool

        return declare if fn is None else declare(fn)

    def policy(
        self,
        *,
        before: ToolNames | None = None,
        after: ToolNames | None = None,
        before_reply: bool = False,
        on_message: bool = False,
        when: Condition | None = None,
    ) -> Callable[[F], Policy]:
        """Declare a policy at one hook: before or after tools, before a reply, or on the customer's message."""
        hooks: list[tuple[Hook, Any]] = []
        if before is not None:
            hooks.append(("before_tool", before))
        if after is not None:
            hooks.append(("after_tool", after))
        if before_reply:
            hooks.append(("before_reply", ()))
        if on_message:
            hooks.append(("on_message", ()))

        def declare(fn: F) -> Policy:
            if len(hooks) != 1:
                raise JourneyError(
                    f"policy {fn.__name__} needs exactly one hook, not {len(hooks)}",
                    where=source_location(fn),
                    hint="use one of before=, after=, before_reply=True, on_message=True",
                )
            if any(p.name == fn.__name__ for p in self.policies):
                raise JourneyError(
                    f"duplicate policy name {fn.__name__!r}",
                    where=source_location(fn),
                    hint="rename one of them",
                )
            hook, tools = hooks[0]
            policy = Policy(fn.__name__, fn, hook, _names(tools), self._scope, when, source_location(fn))
            self.policies.append(policy)
            return policy

        return declare


def _names(tools: Any) -> tuple[str, ...]:
    if isinstance(tools, Tool | str):
        tools = (tools,)
    return tuple(t.name if isinstance(t, Tool) else str(t) for t in tools)
