"""The airline: an agent for real recorded conversations. Its tools have no bodies, only recorded results."""

from workbench import Agent, Limits

from .reservations import bags, book, cancel, certificate, change, consent, identity, payment
from .reservations.journey import reservations

POLICIES = (identity, cancel, change, book, bags, payment, certificate, consent)  # they declare themselves on it

agent = Agent(
    "airline",
    journeys=[reservations],
    allow_handoff=False,  # it has its own tool for that
    handoff_message="",
    limits=Limits(model_calls=40),
)
