"""The speaker rehearsal: from "no sound" to a speaker that plays, a replacement, a visit or a person."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from workbench import Ask, Call, CallFailed, Confirm, HandOff, Rehearsal, Say, Scene, Slot

from .journey import (
    book_visit,
    check_network,
    find_account,
    free_visits,
    latest_firmware,
    list_devices,
    reconnect,
    register_device,
    replacements_left,
    reset_speaker,
    run_diagnostics,
    send_replacement,
    speaker,
    update_firmware,
)  # fmt: skip
from .systems import Device

__all__ = ["speaker"]  # agent.py imports the journey from here, so that it comes with its script

speaker.rehearsal = script = Rehearsal()

Part = Generator[Any, Any, Any]

SERIAL = Slot(
    "serial",
    r"\bSP[- ]?(\d{4})\b",
    format="SP-{}",
    bare_pattern=r"\b(\d{4})\b",
    ask="What is the number on its bottom? It looks like SP-4401.",
)


@script.intent("set up my new speaker", "install my speaker", "connect a new speaker", "register my speaker")
def set_up(scene: Scene) -> Part:
    """A new speaker: register it, bring it online, update it."""
    yield from signed_in(scene)
    serial = yield Ask(SERIAL)
    device = yield Call(
        register_device, "register it first", serial=serial, customer_id=scene.customer.get("id", "")
    )
    yield from bring_online(device)
    yield from update(scene, device)
    if (yield Confirm("Everything is set. Play something: do you hear it?")):
        yield Say(f"Then your {device.model} is ready. Have fun with it.", why="it plays: done")
    yield from look_inside(device)


@script.intent(
    "my speaker has no sound", "my speaker is silent", "my speaker is broken", "my speaker does not play",
    "speaker crackles", "speaker keeps cutting out", "trouble with my speaker", "speaker not working",
    "hear nothing from the speaker", "speaker dead",
)  # fmt: skip
def trouble(scene: Scene) -> Part:
    """A speaker that does not play: outside first, then inside."""
    device = yield from the_speaker(scene)
    lit = yield Confirm(
        f"Let us look at your {device.model}. Is the light at its front on?", yes="on", no="off dark"
    )
    if not lit and not (
        yield Confirm("Plug it in, wait ten seconds, hold the button. Is the light on now?", yes="on")
    ):
        yield HandOff(f"{device.serial} has no power", why="no power: nothing to do from here")
    yield from bring_online(device)
    if (yield from update(scene, device)) and (yield Confirm("I have updated it. Does it play now?")):
        yield Say("Good to hear it. That was the old firmware.", why="it plays: done")
    yield from look_inside(device)


def signed_in(scene: Scene) -> Part:
    if not scene.customer and not scene.insists:
        yield Say("Please sign in first: then I can see your speakers.", why="not signed in: no devices")


def the_speaker(scene: Scene) -> Part:
    """Which of the customer's speakers it is about."""
    yield from signed_in(scene)
    customer_id = scene.customer.get("id", "")
    why = "who is it, and which speakers are theirs?"
    account, devices = yield [
        Call(find_account, why, customer_id=customer_id),
        Call(list_devices, why, customer_id=customer_id),
    ]
    if not devices:
        yield Say(f"I see no speaker under your account, {account.name}. Shall we set up my new speaker first?")
    if len(devices) == 1:
        return devices[0]
    names = {d.serial: [d.model, d.serial] for d in devices}
    serial = yield Ask(Slot("speaker", names), f"Which one is it: {' or '.join(d.model for d in devices)}?")
    return next(d for d in devices if d.serial == serial)


def bring_online(device: Device) -> Part:
    link = yield Call(check_network, "is it online?", serial=device.serial)
    if link.online:
        return
    yield Confirm(
        "It is offline. Hold its button until it blinks. Does it blink?", "offline: pair it", yes="blinks blinking"
    )
    try:
        yield Call(reconnect, "it blinks: pair it", serial=device.serial)
    except CallFailed as no:
        yield HandOff(f"{device.serial} does not pair: {no.reason}", why="pairing failed: a person is better")


def update(scene: Scene, device: Device) -> Part:
    """Update the firmware where it is old. True: it was updated."""
    newest = yield Call(latest_firmware, f"it has {device.firmware}: is there a newer one?", model=device.model)
    if newest == device.firmware:
        return False
    for number in ("first", "second"):
        try:
            yield Call(update_firmware, f"{device.firmware} is old: {number} try", serial=device.serial)
            return True
        except CallFailed as no:
            sorry = f"It did not work, twice: {no.reason}."
    if scene.insists:
        try:
            yield Call(update_firmware, "the customer insists on a third try", serial=device.serial)
            return True
        except CallFailed as no:
            sorry = f"I tried once more, but no: {no.reason}."
    if not (yield Confirm(f"{sorry} Shall I look inside the speaker instead?", why="two tries: another way")):
        yield HandOff(f"{device.serial} cannot be updated", why="two tries, and no diagnostics wanted: a person")
    return False


def look_inside(device: Device) -> Part:
    """Diagnostics, and what follows from them."""
    report = yield Call(run_diagnostics, "outside all is well: look inside", serial=device.serial)
    if not report.part:
        try:
            yield Call(reset_speaker, "nothing broken: a reset", serial=device.serial)
        except CallFailed as no:
            yield HandOff(f"{device.serial}: no fault found; {no.reason}", why=f"no reset: {no.reason}")
        if (yield Confirm("I have reset it. Does it play now?")):
            yield Say("Good to hear it. A reset was all it needed.", why="it plays: done")
        yield HandOff(f"{device.serial} stays silent after a reset", why="all tried: a person")
    left = yield Call(replacements_left, f"{report.part} broken: can we replace it?", model=device.model)
    sorry = f"Its {report.part} is broken."
    if left:
        if not (yield Confirm(f"{sorry} Shall I send you a replacement?", why="ask before writing")):
            yield HandOff(f"{device.serial}: {report.part} broken, no replacement wanted")
        try:
            booking = yield Call(send_replacement, "agreed: send it", serial=device.serial)
            yield Say(f"Done: {booking.number} is on its way. Put the old one into the same box.")
        except CallFailed as no:
            sorry = f"I am not allowed to send a replacement: {no.reason}."
    slots = yield Call(free_visits, "no replacement: a visit")
    choice = Slot("time", {s: [s, s.split()[0]] for s in slots})
    slot = yield Ask(choice, f"{sorry} A technician can come on {' or '.join(slots)}. Which suits you?")
    booking = yield Call(book_visit, f"{slot} was chosen", serial=device.serial, slot=slot)
    yield Say(f"Done: {booking.number}, a technician comes on {booking.slot}.", why="booked")
