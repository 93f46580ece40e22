"""`consult node`: machines are made known, listed, asked and forgotten; what makes no sense is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pynetdicom import AE

from consult.__main__ import main
from consult.actions import nodes
from consult.domain.nodes import Node
from consult.store.unit import Store
from tests.makers_people import fresh_store, open_institutions

VERIFICATION = "1.2.840.10008.1.1"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A network of institutions that the command works on."""
    opened = fresh_store(tmp_path)
    open_institutions(opened)
    monkeypatch.setenv("CONSULT_DATABASE__URL", f"sqlite:///{tmp_path}/consult.db")
    monkeypatch.setenv("CONSULT_BLOBS__URL", f"file://{tmp_path}/blobs")
    yield opened
    opened.close()


def test_a_machine_is_added_listed_and_removed(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    added = ["node", "add", "PACS", "--institution", "ANLONG", "--host", "127.0.0.1", "--port", "104", "--query",
             "--receive", "--charset", "GB18030"]  # fmt: skip
    assert main(added) == 0
    assert nodes.known(store, "PACS") == Node(
        "PACS", "ANLONG", "127.0.0.1", 104, may_query=True, may_be_sent_to=True, charset="GB18030"
    )
    capsys.readouterr()
    assert main(["node", "list"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "PACS\tANLONG\t127.0.0.1:104\tsend,query,receive\tGB18030" in told
    assert "DUSHAN\tDUSHAN\tanywhere\tsend" in told
    assert main(["node", "remove", "PACS"]) == 0
    assert nodes.known(store, "PACS") is None
    assert main(["node", "remove", "PACS"]) == 1
    assert "PACS" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--institution", "ANLONG", "--query"), "host or TLS"),
        (("--institution", "ANLONG", "--host", "127.0.0.1", "--receive"), "host and port"),
        (
            (
                "--institution",
                "NOBODY",
            ),
            "NOBODY",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    store: Store, arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["node", "add", "PACS", *arguments]) == 1
    assert reason in capsys.readouterr().err
    assert nodes.known(store, "PACS") is None


def test_an_institution_that_is_changed_keeps_its_machines(store: Store) -> None:
    assert main(["node", "add", "PACS", "--institution", "ANLONG", "--host", "127.0.0.1", "--query"]) == 0
    changed = ["institution", "add", "ANLONG", "--zh", "安龙", "--en", "Anlong", "--kind", "hospital"]
    assert main(changed) == 0
    kept = nodes.known(store, "PACS")
    assert kept is not None
    assert kept.may_query


def test_a_machine_is_asked_whether_it_answers(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    peer = AE("PACS")
    peer.add_supported_context(VERIFICATION)
    server = peer.start_server(("127.0.0.1", 0), block=False)
    port = str(server.server_address[1])
    assert main(["node", "add", "PACS", "--institution", "ANLONG", "--host", "127.0.0.1", "--port", port]) == 0
    assert main(["node", "echo", "PACS"]) == 0
    server.shutdown()
    assert main(["node", "echo", "PACS"]) == 1
    assert "does not answer" in capsys.readouterr().err
