"""The first entries of a network, by the command line alone, from an empty database to a person who can sign."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from consult.actions import people as people_actions
from consult.actions.passwords import Passwords
from consult.actions.sessions import sign_in
from consult.domain.people import ANY, Language, Licence, Role, SitePolicy, Skill
from consult.domain.sessions import WrongSignIn
from consult.queries import people as people_queries
from consult.store import people, reports
from consult.store.unit import Store
from tests.makers_people import NOW, XINGYI, fresh_store, open_accounts

pytestmark = pytest.mark.slow  # each command starts a process of its own
SECRETS = "口令-Seven-7y2k\n654321-pin\n"
CENTRE = ("institution", "add", "XINGYI", "--zh", "兴义中心", "--en", "Xingyi Centre", "--kind", "regional_centre")
COUNTY = (
    *("institution", "add", "ANLONG", "--zh", "安龙县医院", "--en", "Anlong", "--kind", "hospital"),
    *("--centre", "XINGYI", "--ae", "ANLONG", "--ae", "ANLONG_CT2", "--two-person"),
)
READER = (
    *("user", "add", "Xingyi.CT", "--name", "岑医师", "--institution", "XINGYI", "--role", "specialist"),
    *("--skill", "ct:head", "--skill", "MR:*", "--licence", "110520100001234:2036-06-30", "--sign-right"),
    *("--language", "en", "--load-limit", "12"),
)


class Terminal:
    """Runs the command on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = fresh_store(folder)
        self._environment = {
            **os.environ,
            "CONSULT_DATABASE__URL": f"sqlite:///{folder}/consult.db",
            "CONSULT_BLOBS__URL": f"file://{folder}/blobs",
            "CONSULT_TRUST__FOLDER": str(folder / "trust"),
            "CONSULT_TRUST__DEMO": "true",
        }

    def type(self, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "consult", *arguments],
            env=self._environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def good(self, *arguments: str, said: str = "") -> str:
        done = self.type(*arguments, said=said)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def bad(self, *arguments: str, said: str = "") -> str:
        done = self.type(*arguments, said=said)
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_a_network_is_set_up_and_its_reader_can_sign_in_and_sign(terminal: Terminal) -> None:
    terminal.good(*CENTRE)
    terminal.good(*COUNTY)
    terminal.good("agreement", "add", "ANLONG", "XINGYI", "--service", "telediagnosis", "--from", "2026-01-01")
    told = terminal.good(*READER, said=SECRETS)
    assert "xingyi.ct" in told
    assert "7y2k" not in told
    with terminal.store.read() as connection:
        county = people.institution(connection, "ANLONG")
        reader = people.person_named(connection, "xingyi.ct")
        [agreement] = people.agreements_of(connection, "ANLONG")
        assert reader is not None
        assert reports.sealed_key(connection, reader.id) is not None
    assert (county.centre, county.policy) == ("XINGYI", SitePolicy(two_person=True))
    assert county.ae_titles == {"ANLONG", "ANLONG_CT2"}
    assert (agreement.performing_site, agreement.service_types) == ("XINGYI", {"telediagnosis"})
    assert reader.roles == {Role.SPECIALIST}
    assert reader.skills == (Skill("CT", "HEAD"), Skill("MR", ANY))
    assert reader.licence == Licence("110520100001234", date(2036, 6, 30))
    assert (reader.language, reader.load_limit_units, reader.sign_right) == (Language.EN, 12, True)
    passwords = Passwords()
    sign_in(terminal.store, passwords, "xingyi.ct", "口令-Seven-7y2k", address="", old_token=None, now=NOW)
    people_actions.check_pin(terminal.store, passwords, reader.id, "654321-pin", NOW)


def test_what_cannot_be_is_said_in_one_line_and_ends_with_one(terminal: Terminal) -> None:
    assert "XINGYI" in terminal.bad(*COUNTY)
    people_actions.add_institution(terminal.store, XINGYI, NOW)
    assert "8" in terminal.bad(*READER, said="short\n654321\n")
    assert "two institutions" in terminal.bad("agreement", "add", "XINGYI", "XINGYI", "--from", "2026-01-01")
    assert terminal.bad("user", "close", "nobody")
    assert people_queries.anyone(terminal.store) is False


def test_a_lost_password_and_pin_are_replaced_and_an_account_is_closed(terminal: Terminal) -> None:
    people_actions.add_institution(terminal.store, XINGYI, NOW)
    passwords = Passwords()
    reader = open_accounts(terminal.store, passwords, "xingyi.coordinator")["xingyi.coordinator"]
    terminal.good("user", "password", reader.username, said="another password\n")
    terminal.good("user", "pin", reader.username, said="777777\n")
    sign_in(terminal.store, passwords, reader.username, "another password", address="", old_token=None, now=NOW)
    people_actions.check_pin(terminal.store, passwords, reader.id, "777777", NOW)
    terminal.good("user", "close", reader.username)
    with pytest.raises(WrongSignIn):
        sign_in(terminal.store, passwords, reader.username, "another password", address="", old_token=None, now=NOW)


def test_a_secret_is_never_an_argument(terminal: Terminal) -> None:
    done = terminal.type(*READER, "--password", "abc", said=SECRETS)
    assert done.returncode == 2
