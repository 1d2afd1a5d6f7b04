"""Changes that break the sample agent: a policy or a section removed, a rule loosened."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from workbench import Allow, Block, Conversation, ToolCall
from workbench.authoring.agent import Agent
from workbench.authoring.policy import Policy
from workbench.authoring.tool import make_tool
from workbench.trace.blobs import PromptSection

from .sample import Break


def without(name: str) -> Break:
    """Take a policy out, by its full name."""

    def take_out(agent: Agent) -> None:
        before = len(agent.all_policies())
        for holder in (agent, *agent.journeys.values()):
            holder.policies[:] = [p for p in holder.policies if p.full_name != name]
        assert len(agent.all_policies()) == before - 1, f"there is no policy {name}"

    return take_out


def without_section(journey: str, heading: str) -> Break:
    """Take a section out of a manual."""

    def cut(agent: Agent) -> None:
        manual = agent.journeys[journey]
        kept: tuple[PromptSection, ...] = tuple(s for s in manual.sections if heading not in s.title)
        assert len(kept) == len(manual.sections) - 1, f"there is no section {heading}"
        manual.__dict__["sections"] = kept

    return cut


def thirty_days_for_all(agent: Agent) -> None:
    """The return window as it was before anyone thought of loyal customers."""

    def return_window(call: ToolCall, conversation: Conversation) -> Allow | Block:
        """Returns and exchanges close 30 days after delivery."""
        order = conversation.result(find_order, order_number=call["order_number"])
        days = (conversation.now.date() - order.delivered).days
        if days > 30:
            return Block(f"the order came {days} days ago, the limit is 30", days=days, limit=30)
        return Allow(f"{days} of 30 days", days=days, limit=30)

    returns = agent.journeys["returns"]
    find_order = returns.tools["find_order"]
    returns.policies[:] = [
        Policy(p.name, return_window, p.hook, p.tools, p.journey) if p.name == "return_window" else p
        for p in returns.policies
    ]


def any_reason(agent: Agent) -> None:
    """create_return as it was while nobody checked `reason`: the model was told the reasons, as it is today."""
    returns = agent.journeys["returns"]
    tool = returns.tools["create_return"]
    fn: Any = tool.fn
    looser = FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
    looser.__doc__ = fn.__doc__
    looser.__annotations__ = {**fn.__annotations__, "reason": "str"}
    unchecked = make_tool(looser, journey="returns", writes=True)
    unchecked.__dict__["schema"] = tool.schema
    returns.tools["create_return"] = unchecked


def one_try_more(agent: Agent) -> None:
    """The rule of two tries as it was with > for >=."""
    speaker = agent.journeys["speaker"]
    today = next(p for p in speaker.policies if p.name == "two_tries")

    def two_tries(conversation: Conversation) -> Allow | Block:
        returned: Allow | Block = today.fn(conversation)
        late = isinstance(returned, Block) and returned.evidence["tried"][2:] == []
        return Allow("try 3 of 2", **returned.evidence) if late else returned

    two_tries.__doc__ = today.fn.__doc__
    speaker.policies[:] = [
        Policy(p.name, two_tries, p.hook, p.tools, p.journey, p.when, p.source) if p is today else p
        for p in speaker.policies
    ]
