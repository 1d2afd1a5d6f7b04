"""Good conversations with the agent in journeys/, one for each thing a customer wants."""

from __future__ import annotations

from workbench.transcripts.expectation import Expectation

from .sample import RADIO, RETURNS, SPEAKER, Sample

GUARDS = [
    Sample(
        "A pair that is too small goes back", "loyal",
        ("I want to return OL-1001", "they are too small", "yes"), tags=RETURNS,
    ),
    Sample(
        "Sold out in one size, exchanged for another", "regular",
        ("I need a bigger size for OL-2001", "45", "then 43"), "create_exchange",
        expect=Expectation("order", "", order=["find_order", "check_stock", "create_exchange"]), tags=RETURNS,
    ),
    Sample(
        "Too late for a return, a voucher instead", "regular",
        ("I want to return OL-2002", "yes please"), tags=RETURNS,
    ),
    Sample(
        "Insisting does not open the return window", "loyal",
        ("the boots of OL-1002 don't fit", "just do it anyway", "ok, yes"), tags=RETURNS,
    ),
    Sample(
        "A question is answered with its source", "guest",
        ("hello", "how long may I return shoes?", "a human, please"), tags=RETURNS,
    ),
    Sample(
        "A broken speaker is paired, tested and replaced", "loyal",
        ("my speaker is silent", "Brook", "yes", "yes", "yes"), tags=SPEAKER,
    ),
    Sample(
        "A new speaker is set up", "new",
        ("set up my new speaker", "SP-4404", "yes", "yes"), tags=SPEAKER,
    ),
    Sample(
        "Out of warranty, a technician comes", "lapsed",
        ("speaker not working", "yes", "yes", "Friday"), tags=SPEAKER,
    ),
    Sample(
        "A radio is refreshed and plays", "loyal",
        ("refresh my radio", "CR-48213", "yes", "yes, it plays"), "send_refresh",
        expect=Expectation("order", "", order=["check_payment", "find_radio", "send_refresh"]), tags=RADIO,
    ),
    Sample(
        "A radio refreshed a moment ago has to wait", "regular",
        ("refresh my radio CR-51777",), tags=RADIO,
    ),
]  # fmt: skip
