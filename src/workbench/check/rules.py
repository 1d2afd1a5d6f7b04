"""The rules of `workbench check`, and comments that suppress them."""

from __future__ import annotations

from ..findings import Finding, allowed_on, warning

RULES: dict[str, str] = {
    "load": "the agent loads: no error, no exit, no hang while it is imported",
    "unknown-tool": "a tool that a text or a piece of code names is there",
    "other-journey": "a manual speaks of tools that are on offer in its journey",
    "duplicate-tool": "one name is one tool, in all journeys of an agent",
    "unused-journey": "a journey that is written is a journey of the agent",
    "tool-types": "every parameter of a tool has a type that a schema can be made of",
    "tool-docstring": "a tool says what it does: the model reads it",
    "policy-parameters": "a policy asks only for what its stand can hand in",
    "policy-rule": "a policy states its rule: the first paragraph of its docstring",
    "policy-why": "a policy states its why: a paragraph that starts with Why:",
    "unguarded-write": "before a tool that writes stands a policy",
    "never-asked": "a policy can be on offer together with the tool it stands at",
    "never-on-offer": "a condition can hold",
    "condition": "a condition is a plain function of one parameter, the talk",
    "manual": "a manual says something",
    "fixture": "a fixture fits the classes of the world",
    "fixture-field": "a fixture holds nothing that the world does not know",
    "clock": "the time is read from the conversation, never from the machine",
    "random": "chance and ids come from the conversation, never from the machine",
    "environment": "what a journey does depends on the conversation, never on the environment",
    "network": "a journey acts on the world that is handed in, never on the network",
    "allow": "a comment allows a rule that is there",
}
ENFORCED_AT_REPLAY = (
    "clock",
    "random",
    "environment",
    "network",
)  # a replay that reaches it is an ERROR, comment or not


def unknown_suppressions(file: str, text: str) -> list[Finding]:
    """Comments that allow what is no rule: a typo in one must not pass for silence."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for rule in sorted(allowed_on(line) - RULES.keys()):
            found.append(warning("allow", f"{file}:{number}", f"there is no rule {rule!r}", "correct its name"))
    return found
