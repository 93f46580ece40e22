"""What was measured on a case's images, for those who may see them."""

from dataclasses import dataclass

from consult.domain.access import What
from consult.domain.errors import NotFound
from consult.domain.measurements import Kept, may_measure
from consult.domain.people import Actor, Institution
from consult.store import cases, measurements, people
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurements of a case in the order they were made, and whether the actor may add to them."""

    items: tuple[Kept, ...]
    measures: bool
    sites: dict[str, Institution]


def of_case(store: Store, case_id: str, actor: Actor) -> Measured:
    """What was measured and is not deleted. Raises NotFound."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor, What.IMAGES)
        sites = {site.code: site for site in people.all_institutions(connection)}
        return Measured(tuple(measurements.of_case(connection, case_id)), may_measure(actor, case), sites)


def history(store: Store, case_id: str, measurement_id: str, actor: Actor) -> Measured:
    """Every version of one measurement, oldest first, deleted or not. Raises NotFound."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor, What.IMAGES)
        found = measurements.versions(connection, case_id, measurement_id)
        sites = {site.code: site for site in people.all_institutions(connection)}
    if not found:
        raise NotFound
    return Measured(tuple(found), may_measure(actor, case), sites)
