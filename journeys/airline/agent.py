"""The airline: an agent for real recorded conversations. Its tools have no bodies, only results on tape."""

from workbench import Agent, Limits

from .reservations import bags, book, cancel, certificate, change, consent, identity, payment
from .reservations.journey import reservations

POLICIES = (identity, cancel, change, book, bags, payment, certificate, consent)  # declared on the journey

agent = Agent(
    "airline",
    journeys=[reservations],
    hands_off=False,  # it has a tool of its own for that
    hand_off_text="",
    limits=Limits(model_calls=40),
)
