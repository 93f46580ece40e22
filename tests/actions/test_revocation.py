"""A closed account's certificates are on the revocation list, and the audit log says so."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from cryptography import x509

from consult.actions.sealing import Sealer
from consult.formats.trust import open_demo_authority
from consult.store.audit import Asked, search
from consult.store.unit import Store
from tests.makers.web import PASSWORDS
from tests.makers_people import PIN, open_accounts, open_institutions

NOW = datetime.now(UTC).replace(microsecond=0)


def test_the_certificates_of_a_person_who_leaves_are_revoked(store: Store, tmp_path: Path) -> None:
    open_institutions(store)
    person = open_accounts(store, PASSWORDS, "guiyang.ct")["guiyang.ct"]
    authority = open_demo_authority(tmp_path / "trust", NOW)
    none = cast(Any, None)
    sealer = Sealer(none, none, lambda: authority, PASSWORDS)
    assert sealer.revoke(store, person, NOW) == 0
    sealer.enrol(store, person, "贵阳专家中心", PIN, NOW)
    assert sealer.revoke(store, person, NOW) == 1
    assert sealer.revoke(store, person, NOW) == 1
    listed = list(x509.load_der_x509_crl((tmp_path / "trust" / "public" / "issuing.crl").read_bytes()))
    with store.read() as connection:
        rows = search(connection, Asked(deed="administer"), None, 50)
    told = [row.entry.detail for row in rows if row.entry.detail["what"] == "revoke"]
    assert [str(each.serial_number) for each in listed] == told[0]["serials"]
