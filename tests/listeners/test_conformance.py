"""The conformance statement says what the door really does."""

import re
from pathlib import Path

from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from consult.cli.conformance_page import page
from consult.listeners.find import STUDY_ROOT
from tests.makers.door import Clinic

STATEMENT = Path(__file__).parents[2] / "ops/dicom-conformance.md"
OTHERS = ("1.2.840.10008.5.1.4.31", "1.2.840.10008.3.1.2.3.5", "1.2.840.10008.5.1.1.9")
"""Worklist, notification of performed steps, printing."""
ROW = re.compile(r"^\| [^|]+ \| ([0-9.]+) \| ([^|]+) \| SCP \|$", re.MULTILINE)
STORED = re.compile(r"^\| ([0-9]+\.[0-9.]+) \| [^|]+ \|$", re.MULTILINE)


def test_the_statement_is_that_of_this_code() -> None:
    assert STATEMENT.read_text(encoding="utf-8") == page()


def test_what_it_lists_is_accepted_and_what_it_does_not_is_not(here: Clinic) -> None:
    stated = {uid for uid, _ in ROW.findall(STATEMENT.read_text(encoding="utf-8"))}
    assert len(stated) == 9
    assert agreed(here, [*stated, *OTHERS]) == stated


def test_every_storage_class_that_it_lists_is_accepted(here: Clinic) -> None:
    stated = STORED.findall(STATEMENT.read_text(encoding="utf-8"))
    assert len(stated) > 150
    for at in range(0, len(stated), 100):
        assert agreed(here, stated[at : at + 100]) == set(stated[at : at + 100])


def agreed(here: Clinic, uids: list[str]) -> set[str]:
    peer = AE("ANLONG")
    for uid in uids:
        peer.add_requested_context(uid)
    association = peer.associate("127.0.0.1", here.port, ae_title="CONSULT")
    assert association.is_established
    accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
    association.release()
    association.join(20)
    return accepted


def test_relational_queries_and_moments_are_agreed_and_fuzzy_names_are_not(here: Clinic) -> None:
    peer = AE("ANLONG")
    peer.add_requested_context(STUDY_ROOT)
    asked = SOPClassExtendedNegotiation()
    asked.sop_class_uid, asked.service_class_application_information = STUDY_ROOT, b"\1\1\1\1"
    association = peer.associate("127.0.0.1", here.port, ae_title="CONSULT", ext_neg=[asked])
    assert association.acceptor.sop_class_extended == {STUDY_ROOT: b"\1\1"}
    association.release()
    association.join(20)
