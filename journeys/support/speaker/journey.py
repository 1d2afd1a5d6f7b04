"""Set-up and troubleshooting of speakers, over seven systems that know nothing of each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, TypeVar

from workbench import WRITES, Allow, Block, Conversation, Ids, Journey, Rewrite, ToolCall, ToolError

from ..shop import customer_id, is_loyal
from .systems import (
    Account,
    Accounts,
    Booking,
    Device,
    Diagnostics,
    FirmwareServer,
    Link,
    Network,
    Registry,
    Replacements,
    Report,
    Visits,
)  # fmt: skip

speaker = Journey("speaker", goal="Set up a speaker, or find out why it does not play")

Serial = Annotated[str, "on the bottom of the speaker, for example SP-4401"]
TRIES = 2

Found = TypeVar("Found")


# tools


@speaker.tool
def find_account(customer_id: str, accounts: Accounts) -> Account:
    """The account of a customer."""
    return _get(accounts.by_id, customer_id, "account")


@speaker.tool
def list_devices(customer_id: str, registry: Registry) -> list[Device]:
    """The speakers registered to a customer."""
    if not customer_id:
        raise ToolError("nobody is signed in")
    return [d for d in registry.devices.values() if d.customer_id == customer_id]


@speaker.tool(writes=True)
def register_device(serial: Serial, customer_id: str, registry: Registry) -> Device:
    """Register a new speaker to a customer."""
    device = _get(registry.devices, serial, "speaker")
    if device.customer_id not in ("", customer_id):
        raise ToolError("this speaker is registered to somebody else")
    device.customer_id = customer_id
    return device


@speaker.tool
def check_network(serial: Serial, network: Network) -> Link:
    """Whether the speaker is online; `signal` is in percent."""
    return _get(network.links, serial, "speaker")


@speaker.tool(writes=True)
def reconnect(serial: Serial, network: Network) -> Link:
    """Pair a speaker that blinks with the network again."""
    link = _get(network.links, serial, "speaker")
    if not link.in_reach:
        raise ToolError("the speaker did not answer")
    link.online, link.signal = True, 70
    return link


@speaker.tool
def latest_firmware(model: str, server: FirmwareServer) -> str:
    """The newest firmware of a model, for example Tidal."""
    return _get(server.latest, model, "model")


@speaker.tool(writes=True)
def update_firmware(serial: Serial, registry: Registry, server: FirmwareServer) -> str:
    """Put the newest firmware on a speaker; gives the version."""
    if serial in server.failing:
        raise ToolError("the update broke off at 60 percent")
    device = _get(registry.devices, serial, "speaker")
    device.firmware = server.latest[device.model]
    return device.firmware


@speaker.tool(writes=True)
def reset_speaker(serial: Serial, registry: Registry) -> str:
    """Set a speaker back to how it left the factory."""
    return f"{_get(registry.devices, serial, 'speaker').model} was reset"


@speaker.tool
def run_diagnostics(serial: Serial, diagnostics: Diagnostics) -> Report:
    """Let the speaker test itself. It takes half a minute and makes a noise."""
    return diagnostics.reports.get(serial, Report())


@speaker.tool
def replacements_left(model: str, replacements: Replacements) -> int:
    """How many replacements of a model there are."""
    return replacements.shelf.get(model, 0)


@speaker.tool(writes=True)
def send_replacement(serial: Serial, registry: Registry, replacements: Replacements, ids: Ids) -> Booking:
    """Send a replacement; the old speaker goes back in the same box."""
    replacements.shelf[_get(registry.devices, serial, "speaker").model] -= 1
    return Booking(ids.new("SR"), serial)


def diagnosed(conversation: Conversation) -> bool:
    return bool(conversation.results(run_diagnostics))


@speaker.tool(when=diagnosed)
def free_visits(visits: Visits) -> list[str]:
    """The times at which a technician can come."""
    return visits.free


@speaker.tool(writes=True, when=diagnosed)
def book_visit(serial: Serial, slot: str, visits: Visits, ids: Ids) -> Booking:
    """Book a technician for one of the free times."""
    visits.free.remove(slot)
    visits.booked[serial] = slot
    return Booking(ids.new("SV"), serial, slot)


def _get(known: dict[str, Found], key: str, what: str) -> Found:
    if key not in known:
        raise ToolError(f"there is no {what} {key}")
    return known[key]


# policies


@speaker.policy(after=find_account)
def hide_address(result: Account) -> Rewrite:
    """Of an address, only the town is seen.

    Why: a technician needs the street, a conversation does not.
    """
    town = result.address.split(",")[-1].strip()
    return Rewrite(replace(result, address=town), "only the town", shown=town)


@speaker.policy(before=WRITES)
def own_speaker(call: ToolCall, conversation: Conversation) -> Block | None:
    """Only the customer's own speakers are touched; a new one is registered to the one who talks.

    Why: a reset at a stranger's home is a break-in without a door.
    """
    if call.tool == "register_device":
        if call["customer_id"] == customer_id(conversation):
            return None
        return Block("a speaker is registered only to the one who talks", customer=call["customer_id"])
    found = [
        *(conversation.result(list_devices, customer_id=customer_id(conversation)) or []),
        *conversation.results(register_device),
    ]
    if call["serial"] not in (own := [d.serial for d in found]):
        return Block("not found among this customer's speakers: list them first", serial=call["serial"], own=own)
    return None


@speaker.policy(before=[update_firmware, reset_speaker])
def two_tries(conversation: Conversation) -> Allow | Block:
    """Updates and resets together are tried at most twice in one conversation.

    Why: what did not help twice does not help a third time, and every try costs
    the customer ten minutes.
    """
    tried = [
        c.tool
        for c in conversation.calls
        if c.tool in ("update_firmware", "reset_speaker") and c.outcome != "blocked"
    ]
    if len(tried) >= TRIES:
        return Block(f"tried {len(tried)} times already: find another way", tried=tried, limit=TRIES)
    return Allow(f"try {len(tried) + 1} of {TRIES}", tried=tried, limit=TRIES)


@speaker.policy(before=update_firmware)
def online_first(call: ToolCall, conversation: Conversation) -> Block | None:
    """A speaker is updated only while it is online.

    Why: an update that stops half-way can leave it dead.
    """
    seen = {"serial": call["serial"]}
    link: Link | None = conversation.result(reconnect, **seen) or conversation.result(check_network, **seen)
    if link is None:
        return Block("check the network first", **seen)
    return None if link.online else Block("the speaker is offline", **seen, signal=link.signal)


@speaker.policy(before=send_replacement)
def warranty(call: ToolCall, conversation: Conversation) -> Allow | Block:
    """A replacement needs a broken part and a warranty: two years, three for loyal customers.

    Why: four of five speakers that came back as broken were not.
    """
    report: Report | None = conversation.result(run_diagnostics, serial=call["serial"])
    if report is None or not report.part:
        return Block("diagnostics found no broken part" if report else "run the diagnostics first")
    bought = {d.serial: d.bought for devices in conversation.results(list_devices) for d in devices}
    if call["serial"] not in bought:
        return Block("list the customer's speakers first")
    years = (conversation.now.date() - bought[call["serial"]]).days / 365.25
    limit = 3 if is_loyal(conversation.customer) else 2
    if years > limit:
        return Block(f"the warranty of {limit} years is over", years=round(years, 1), limit=limit)
    return Allow(f"{report.part} is broken, {years:.1f} of {limit} years", part=report.part)


@speaker.policy(before=book_visit)
def free_time(call: ToolCall, conversation: Conversation) -> Block | None:
    """A visit is booked only at a time that was seen to be free.

    Why: technicians that nobody sent do not come.
    """
    free = conversation.result(free_visits) or []
    return None if call["slot"] in free else Block("that time is not free", slot=call["slot"], free=free)
