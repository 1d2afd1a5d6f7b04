"""Find the likely cause of a difference between two runs: setup, model, prompt, tools, policies.

A recording contains what was sent and answered, not the code. Causes that the
recording does not show are reported as unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from ..plain import indented_json
from ..replay.drift import changed_blobs
from ..trace.blobs import blob_text
from ..trace.events import PolicyDecision, Prompt, Unavailable
from .comparison import About, AlignedStep, Comparison, Side, text_of

Kind = Literal["disabled", "setup", "customer", "model", "prompt", "tool", "policy", "code", "end", "unknown"]

# possible kinds of cause for each kind of difference, likeliest first
LIKELY: dict[About, tuple[Kind, ...]] = {
    "customer": ("customer", "setup"),
    "model": ("model", "prompt", "tool", "setup", "policy", "code"),
    "policy": ("policy", "code", "setup", "tool", "prompt"),
    "tool": ("tool", "prompt", "setup"),
    "result": ("setup", "tool", "code"),
    "end": ("end", "model"),
    "fault": ("code", "policy", "tool"),
}


class DifferenceCause(NamedTuple):
    """A difference before or at the first divergence; `at_divergence`: exactly at that step.

    `before` and `after` are texts to compare. `tool` names a tool whose source was not recorded.
    """

    kind: Kind
    what: str
    source: str = ""
    before: str = ""
    after: str = ""
    at_divergence: bool = False
    tool: str = ""


def causes(of: Comparison) -> list[DifferenceCause]:
    """Return the possible causes of the first difference, likeliest first; without one, all drift."""
    upto = of.pairs[: of.first + 1] if of.first >= 0 else of.pairs
    at = of.pairs[of.first] if of.first >= 0 else None
    found = [*_off(of), *_setup(of, at is not None), *_prompts(of, upto, at), *_policies(of, upto, at)]
    if at is not None:
        found = [*_action(of, at, found), *found]
        if not any(cause.at_divergence for cause in found):
            found.append(DifferenceCause("unknown", "the recording does not show the cause", at_divergence=True))
    order = LIKELY.get(at.about, ()) if at is not None else ()
    likely = {kind: number for number, kind in enumerate(("disabled", *order))}
    first: dict[str, DifferenceCause] = {}
    for cause in sorted(found, key=lambda c: (not c.at_divergence, likely.get(c.kind, len(likely)))):
        first.setdefault(cause.what, cause)
    return list(first.values())


def _off(of: Comparison) -> Iterator[DifferenceCause]:
    for side, other in ((of.left, of.right), (of.right, of.left)):
        gone = [part for part in side.disabled if part not in other.disabled]
        if gone:
            yield DifferenceCause("disabled", f"disabled in {side.name}: {', '.join(gone)}", at_divergence=True)


def _setup(of: Comparison, here: bool) -> Iterator[DifferenceCause]:
    for name in type(of.left.setup).__struct_fields__:
        a, b = getattr(of.left.setup, name), getattr(of.right.setup, name)
        if a != b:
            yield DifferenceCause("setup", f"the setup has a different {name}", "", _pretty(a), _pretty(b), here)


def _action(of: Comparison, at: AlignedStep, found: list[DifferenceCause]) -> Iterator[DifferenceCause]:
    """Yield the causes that the first difference itself shows."""
    left, right = of.left, of.right
    if at.about == "customer" and at.status in ("left", "right"):
        short, long = (right, left) if at.status == "left" else (left, right)
        yield DifferenceCause("customer", f"{short.name} ends here; {long.name} continues", at_divergence=True)
    elif at.about == "customer" and at.left is not None and at.right is not None:
        texts = text_of(at.left), text_of(at.right)
        yield DifferenceCause(
            "customer", f"the customer's message of turn {at.turn} differs", "", *texts, at_divergence=True
        )
    elif at.about == "end":
        yield DifferenceCause("end", f"turn {at.turn}: {at.why}", at_divergence=True)
    elif at.about == "fault":
        yield from _faults(at)
    elif at.about == "result" and at.left is not None and at.left.call is not None:
        tool = at.left.call.tool
        if any(
            m is not None and m.result is not None and m.result.outcome == "missing" for m in (at.left, at.right)
        ):
            yield DifferenceCause("unknown", f"the recording has no result of {tool} here", at_divergence=True)
            return
        what = f"{tool} returned a different result for the same call: its code or the world differs"
        yield DifferenceCause("code", what, at_divergence=True, tool=tool)
    elif at.about == "model" and not any(c.at_divergence and c.kind in ("model", "prompt", "tool") for c in found):
        yield _choice(of, at)


def _faults(at: AlignedStep) -> Iterator[DifferenceCause]:
    for step in (at.left, at.right):
        for fault in step.faults if step is not None else ():
            yield DifferenceCause(
                "code", f"{fault.origin} {fault.name} failed: {fault.message}", fault.where, at_divergence=True
            )


def _choice(of: Comparison, at: AlignedStep) -> DifferenceCause:
    """Return the cause of a different model answer to the same prompt."""
    side = of.left if at.prompts[0] is None else of.right
    if None in at.prompts:
        return DifferenceCause("unknown", f"unknown: {side.name} has no recorded prompt", at_divergence=True)
    if any(pair.status == "drift" for pair in of.pairs[: of.first]):
        what = "the prompt is the same; earlier thinking or messages (~) differ"
        return DifferenceCause("model", what, at_divergence=True)
    return DifferenceCause(
        "model", "the model answered differently to the same prompt and messages", at_divergence=True
    )


# prompt and tools


def _prompts(of: Comparison, upto: list[AlignedStep], at: AlignedStep | None) -> Iterator[DifferenceCause]:
    done: set[tuple[int, int]] = set()
    for pair in reversed(upto):  # the prompt of the first difference comes first
        a, b = pair.prompts
        if a is None or b is None or (id(a), id(b)) in done:
            continue
        done.add((id(a), id(b)))
        yield from (
            cause._replace(at_divergence=pair is at and cause.at_divergence) for cause in prompt_causes(of, pair)
        )


def prompt_causes(of: Comparison, pair: AlignedStep) -> Iterator[DifferenceCause]:
    """Yield how the prompts of one step differ; nothing if either was not recorded."""
    a, b = pair.prompts
    if a is not None and b is not None and a is not b:
        yield from _prompt(of, a, b)


def _prompt(of: Comparison, a: Prompt, b: Prompt) -> Iterator[DifferenceCause]:
    if a.model != b.model:
        models = " → ".join(model or "not recorded" for model in (a.model, b.model))
        yield DifferenceCause("model", f"different model: {models}", at_divergence=True)
    if a.params != b.params:
        yield DifferenceCause(
            "model", "different model parameters", "", _pretty(a.params), _pretty(b.params), True
        )
    was, today = of.left.trace.blobs, of.right.trace.blobs
    for title, one, other in changed_blobs(was, a.sections, today, b.sections):
        what = _describe(of, f"the prompt's “{title}”", one, other)
        texts = blob_text(one), blob_text(other)
        yield DifferenceCause("prompt", what, _source(of, one, other), *texts, at_divergence=True)
    hidden = a.hidden, b.hidden
    for name, one, other in changed_blobs(was, a.tools, today, b.tools):
        what, source = _describe(of, f"the tool {name}", one, other), ""
        if one is None or other is None:
            what, source = _why_hidden(what, hidden[one is not None], name)
        yield DifferenceCause("tool", what, source, _pretty(one), _pretty(other), True, name)
    for name in sorted(set(a.policies) ^ set(b.policies)):
        yield _one_sided(of, name, name in a.policies, hidden[name in a.policies])


def _describe(of: Comparison, what: str, one: Any, other: Any) -> str:
    if one is None or other is None:
        return f"{what} is in {(of.right if one is None else of.left).name} only"
    return f"{what} was changed"


def _why_hidden(what: str, hidden: list[Unavailable], name: str) -> tuple[str, str]:
    """Return the text and source line if a condition hid the part on the other side."""
    found = next((h for h in hidden if h.name == name), None)
    return (f"{what}: hidden there by the condition {found.condition}", found.source) if found else (what, "")


# policies


def _policies(of: Comparison, upto: list[AlignedStep], at: AlignedStep | None) -> Iterator[DifferenceCause]:
    steady = next((i for i, pair in enumerate(upto) if pair.status != "same"), len(upto))
    rerun = of.left.rerun or of.right.rerun
    for index in reversed(range(len(upto))):
        pair = upto[index]
        same_input = of.left.setup == of.right.setup and (rerun or index <= steady)
        old, new = _decisions(pair, 0), _decisions(pair, 1)
        for name in {**old, **new}:
            cause = _policy(of, pair, name, old.get(name), new.get(name), same_input)
            if cause is not None:
                yield cause._replace(at_divergence=pair is at and cause.at_divergence)


def _decisions(pair: AlignedStep, side: int) -> dict[str, PolicyDecision]:
    step = (pair.left, pair.right)[side]
    return {d.policy: d for d in step.decisions} if step is not None else {}


def _policy(
    of: Comparison,
    pair: AlignedStep,
    name: str,
    old: PolicyDecision | None,
    new: PolicyDecision | None,
    same_input: bool,
) -> DifferenceCause | None:
    """Return what differs in one policy at one step; `same_input` if its inputs are equal in both runs."""
    if old is None or new is None:
        decision = old or new
        if decision is None or pair.left is None or pair.right is None or pair.about == "model":
            return None
        here, other = decision.effect != "allow", pair.prompts[1 if new is None else 0]
        if other is not None and name not in other.policies:
            return _one_sided(of, name, new is None, other.hidden)._replace(at_divergence=here)
        side = of.left if new is None else of.right
        what = f"the policy {name} was called in {side.name} only"
        return DifferenceCause("policy", what, _card(side, decision).get("source", ""), at_divergence=here)
    cards = _card(of.left, old), _card(of.right, new)
    changed = (old.effect, old.replacement) != (new.effect, new.replacement)
    effects = f": {old.effect} → {new.effect}" if old.effect != new.effect else ""
    source = _source(of, *cards)
    if old.version != new.version:
        texts = _rule(cards[0]), _rule(cards[1])
        return DifferenceCause(
            "policy", f"the policy {name} was changed{effects}", source, *texts, at_divergence=changed
        )
    if changed or old.reason != new.reason:
        its = "its code was changed" if same_input else "its code or its input differs"
        texts = _evidence(old), _evidence(new)
        return DifferenceCause(
            "code", f"the policy {name} decides differently{effects}; {its}", source, *texts, at_divergence=changed
        )
    return None


def _card(side: Side, decision: PolicyDecision) -> dict[str, str]:
    found = side.trace.blobs.get(decision.version)
    return found if isinstance(found, dict) else {}


def _one_sided(of: Comparison, name: str, on_left: bool, hidden: list[Unavailable]) -> DifferenceCause:
    """Return the cause for a policy of one run only; `hidden` are the unavailable parts of the other run."""
    side = of.left if on_left else of.right
    what, source = _why_hidden(f"the policy {name} exists in {side.name} only", hidden, name)
    cards = (c for c in side.trace.blobs.values() if isinstance(c, dict) and c.get("policy") == name)
    return DifferenceCause("policy", what, source or next((str(c.get("source", "")) for c in cards), ""))


def _source(of: Comparison, one: Any, other: Any) -> str:
    """Return the source line; of the current code if one side is a rerun."""
    cards = (one, other) if of.left.rerun else (other, one)
    return next((str(c["source"]) for c in cards if isinstance(c, dict) and c.get("source")), "")


def _rule(card: dict[str, str]) -> str:
    return "\n".join(part for part in (card.get("rule", ""), card.get("why", "")) if part)


def _evidence(decision: PolicyDecision) -> str:
    first = f"{decision.effect} {decision.reason}".strip()
    return "\n".join([first, *(f"{k}: {_pretty(v)}" for k, v in decision.evidence.items())])


def _pretty(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return indented_json(value).decode()
