"""Cases of a busy region as they would stand after months of work: by hour, weekday, priority and luck."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import insert

from consult.domain.cases import Alert, Case, Consent, Party, Patient, Priority, ServiceType, State, Stay
from consult.domain.reports import ReportState
from consult.domain.turnaround import measure
from consult.store.tables_turnaround import turnaround
from consult.store.turnaround import row_of
from consult.store.unit import Store

WAY = (State.DRAFT, State.SUBMITTED, State.QUEUED, State.ASSIGNED, State.ACCEPTED, State.IN_PROGRESS, State.IN_REVIEW,
       State.SIGNED, State.DELIVERED, State.ACKNOWLEDGED, State.CLOSED)  # fmt: skip
BY_HOUR = (1, 1, 1, 1, 1, 1, 2, 4, 10, 14, 13, 10, 6, 6, 11, 12, 10, 7, 5, 4, 4, 3, 2, 1)
KINDS = (("CT", "HEAD"), ("CT", "CHEST"), ("MR", "HEAD"), ("DX", "CHEST"))
PACE = {Priority.EMERGENCY: 0.35, Priority.URGENT: 1.0, Priority.ROUTINE: 2.6}
MINUTES = (2, 6, 4, 5, 9, 18, 10, 3, 60, 3000)
"""How long each step of WAY takes, more or less."""


def begins(chance: Random, last: datetime, days: int) -> datetime:
    """A moment of the last days (UTC) at which somebody asks; more by day, fewer at week-ends."""
    while True:
        day = last - timedelta(days=chance.randrange(days))
        if day.weekday() < 5 or chance.random() < 0.35:
            break
    hour = chance.choices(range(24), BY_HOUR)[0]
    at = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hour - 8)
    return at + timedelta(seconds=chance.random() * 3600)


def a_timed_case(number: int, begun: datetime, now: datetime, chance: Random, sites: Sequence[str],
                 readers: Sequence[Party], requester: Party) -> Case:  # fmt: skip
    """A case begun then, as far as it came by ``now``."""
    priority = chance.choices(list(Priority), (2, 3, 5))[0]
    night = 1.8 if not 0 <= begun.hour <= 10 else 1.0
    reader = readers[number % len(readers)]
    stays, at, returned = [Stay(State.DRAFT, begun)], begun, 0
    for state, minutes in zip(WAY[1:], MINUTES, strict=True):
        at += timedelta(minutes=minutes * PACE[priority] * night * chance.lognormvariate(0, 0.75))
        if state is State.QUEUED and chance.random() < 0.07:
            stays += [Stay(State.RETURNED, at), Stay(State.SUBMITTED, at + timedelta(minutes=chance.uniform(20, 600)))]
            at, returned = stays[-1].since + timedelta(minutes=3), 1
        stays.append(Stay(state, at))
    stays = [stay for stay in stays if stay.since <= now]
    state = stays[-1].state
    modality, part = chance.choice(KINDS)
    signed = next((stay.since for stay in stays if stay.state is State.SIGNED), None)
    assigned = reader if any(stay.state is State.ASSIGNED for stay in stays) else None
    return Case(
        id=f"{number:032x}", number=f"HZ{begun:%Y%m%d}-{number:05d}", state=state, version=len(stays),
        priority=priority, service_type=ServiceType.TELEDIAGNOSIS, requesting_site=chance.choice(sites),
        performing_site="GUIYANG", centre="XINGYI", requester=requester,
        patient=Patient("患者", "M"), question="排除出血", clinical_history="头痛三天", modality=modality,
        body_part=part, created_at=begun, updated_at=stays[-1].since, stays=tuple(stays),
        consent=Consent("患者本人", begun), exam_started=begun - timedelta(minutes=chance.uniform(5, 70)),
        assignee=assigned, author=assigned, report=ReportState.FINAL if signed else None, signed_at=signed,
        returned_times=returned, alerts=_alerts(signed, now, chance, requester, reader),
        concordance=chance.choice(("concordant", "concordant", "partly", "discordant"))
        if state is State.CLOSED and chance.random() < 0.2 else "",
    )  # fmt: skip


def _alerts(signed: datetime | None, now: datetime, chance: Random, told: Party, reader: Party) -> tuple[Alert, ...]:
    if signed is None or chance.random() > 0.04:
        return ()
    back = signed + timedelta(minutes=chance.lognormvariate(1.4, 0.6))
    if back > now:
        return (Alert("急性脑出血", "notifying", signed, reader),)
    return (Alert("急性脑出血", "acknowledged", signed, reader, back, told, "急性脑出血"),)


def keep_measured(store: Store, cases: Sequence[Case]) -> None:
    """Cases as the figures of turnaround have them, and nothing else of them."""
    with store.write() as unit:
        for case in cases:
            timed = measure(case, [], [])
            assert timed is not None
            unit.connection.execute(insert(turnaround).values(case_id=case.id, **row_of(timed)))
