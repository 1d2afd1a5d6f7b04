"""The rules of `workbench check`, and the comments that suppress them."""

from __future__ import annotations

from ..findings import Finding, allowed_on, warning

RULES: dict[str, str] = {
    "load": "the agent loads: without an error, an exit or a hang during import",
    "unknown-tool": "tools named in texts and code exist",
    "other-journey": "a manual names only tools that are available in its journey",
    "duplicate-tool": "tool names are unique in all journeys of an agent",
    "unused-journey": "every journey belongs to the agent",
    "tool-types": "every parameter of a tool has a type with a JSON schema",
    "tool-docstring": "a tool has a docstring: the model reads it",
    "result-type": "a result reaches policies in its declared type",
    "world-type": "the world holds only values that are read back exactly",
    "world-name": "no two world classes have the same name",
    "policy-parameters": "a policy has only parameters that its hook provides",
    "policy-rule": "a policy states its rule: the first paragraph of its docstring",
    "policy-why": "a policy states its reason: a paragraph that starts with Why:",
    "unguarded-write": "a tool that writes has a policy before it",
    "never-called": "a policy and its tool can be available together",
    "never-available": "a condition can be true",
    "condition": "a condition is a plain function of one parameter, the conversation",
    "manual": "a manual is not empty",
    "fixture": "a fixture fits the world classes",
    "fixture-field": "a fixture has no unknown fields",
    "clock": "the time comes from the conversation, not from the machine",
    "random": "randomness and ids come from the conversation, not from the machine",
    "environment": "a journey does not depend on the environment",
    "network": "a journey uses injected clients, not the network",
    "allow": "suppression comments name existing rules",
}
ENFORCED_AT_REPLAY = ("environment", "network")  # a replay may refuse it despite a comment


def unknown_suppressions(file: str, text: str) -> list[Finding]:
    """Return suppression comments with an unknown rule: a typo must not go unnoticed."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for rule in sorted(allowed_on(line) - RULES.keys()):
            found.append(warning("allow", f"{file}:{number}", f"unknown rule {rule!r}", "fix its name"))
    return found
