"""The seven systems behind the speaker journey, as the sandbox has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from workbench import world


@dataclass
class Account:
    customer_id: str
    name: str
    address: str


@dataclass
class Device:
    serial: str
    model: str
    customer_id: str
    bought: date
    firmware: str


@dataclass
class Link:
    online: bool
    signal: int
    in_reach: bool = True


@dataclass
class Report:
    """What the speaker says of itself; `part` is the broken one, or ""."""

    part: str = ""
    note: str = ""


@dataclass
class Booking:
    number: str
    serial: str
    slot: str = ""


@world
class Accounts:
    by_id: dict[str, Account] = field(default_factory=dict)


@world
class Registry:
    devices: dict[str, Device] = field(default_factory=dict)


@world
class Network:
    links: dict[str, Link] = field(default_factory=dict)


@world
class FirmwareServer:
    latest: dict[str, str] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)


@world
class Diagnostics:
    reports: dict[str, Report] = field(default_factory=dict)


@world
class Replacements:
    shelf: dict[str, int] = field(default_factory=dict)


@world
class Visits:
    free: list[str] = field(default_factory=list)
    booked: dict[str, str] = field(default_factory=dict)
