"""The coordinator's desk: which cases lie on which pile, so that every running case of a region has a place."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from consult.domain.cases import State


class Pile(StrEnum):
    """A list of the desk: the first four are its columns, the others what sounds an alarm."""

    INTAKE = "intake"
    QUEUE = "queue"
    READING = "reading"
    DELIVERY = "delivery"
    CRITICAL = "critical"
    OVERDUE = "overdue"
    OFFERS = "offers"
    IMAGES = "images"
    RETURNED = "returned"
    UNACKNOWLEDGED = "unacknowledged"


COLUMNS = (Pile.INTAKE, Pile.QUEUE, Pile.READING, Pile.DELIVERY)
ALARMS = (Pile.CRITICAL, Pile.OVERDUE, Pile.OFFERS, Pile.UNACKNOWLEDGED, Pile.IMAGES, Pile.RETURNED)

OF_STATES: Mapping[Pile, tuple[State, ...]] = {
    Pile.INTAKE: (State.SUBMITTED,),
    Pile.QUEUE: (State.QUEUED,),
    Pile.READING: (State.ASSIGNED, State.ACCEPTED, State.SCHEDULED, State.IN_PROGRESS, State.PRELIMINARY,
                   State.IN_REVIEW),
    Pile.DELIVERY: (State.SIGNED,),
    Pile.IMAGES: (State.AWAITING_IMAGES,),
    Pile.RETURNED: (State.RETURNED,),
}  # fmt: skip
"""The piles that are made of states; together they are every case that is on its way to a report."""

ON_DESK = tuple(state for states in OF_STATES.values() for state in states)

RUNS_OUT_WITHIN = timedelta(minutes=5)
"""An offer that ends in less than this is about to run out."""
