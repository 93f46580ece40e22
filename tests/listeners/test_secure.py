"""The DICOM door by TLS, with DCMTK's programs: only with a certificate that we trust, and nothing older than 1.2."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from consult.channels.dicom import Unreachable
from consult.channels.secure import Identity, for_callers
from consult.listeners.dimse import Secure
from consult.settings import Dicom, Settings
from consult.store.tables_studies import instances
from tests.makers.archive import Archive, a_slice
from tests.makers.dicom import ct_slice, part10
from tests.makers.door import Clinic, clinic
from tests.peers.dcmtk import receiver

STORESCU, FINDSCU, ECHOSCU = "/usr/bin/storescu", "/usr/bin/findscu", "/usr/bin/echoscu"
pytestmark = pytest.mark.skipif(not Path(STORESCU).exists(), reason="dcmtk is not installed")
DAY = timedelta(days=1)


class Authority:
    """Issues certificates for the loopback, in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = rsa.generate_private_key(65537, 2048)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(True, 0), critical=True)
        self.certificate = folder / "authority.pem"
        self.certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
        )

    def issue(self, name: str) -> Identity:
        """A certificate for 127.0.0.1, with its key."""
        key = rsa.generate_private_key(65537, 2048)
        host = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._builder(subject, key).add_extension(host, critical=False).sign(self._key, hashes.SHA256())
        certificate, secret = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.TraditionalOpenSSL
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        return Identity(certificate, secret, self.certificate)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that we trust."""
    return Authority(tmp_path_factory.mktemp("ours") / "authority", "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """A machine with a certificate of an authority that nobody knows."""
    return Authority(tmp_path_factory.mktemp("theirs") / "authority", "theirs").issue("stranger")


@pytest.fixture
def secured(made: Archive, authority: Authority) -> Iterator[Clinic]:
    """An open door with a second port for TLS."""
    ours = authority.issue("consult")
    door = Dicom(tls_port=1, tls_certificate=ours.certificate, tls_key=ours.key, tls_authorities=ours.authorities)
    with clinic(made, Settings(dicom=door), Secure(0, for_callers(ours))) as opened:
        yield opened


def dcmtk(program: str, who: Identity, trusted: Path, port: int, *more: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [program, "+tls", str(who.key), str(who.certificate), "+cf", str(trusted), "-aet", "ANLONG", "-aec", "CONSULT",
         *(part for part in more if part.startswith("-")), "127.0.0.1", str(port),
         *(part for part in more if not part.startswith("-"))],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip


def test_a_trusted_machine_sends_and_asks_by_tls(secured: Clinic, authority: Authority, tmp_path: Path) -> None:
    machine, port = authority.issue("anlong"), secured.door.secure_port
    for number in range(1, 4):
        (tmp_path / f"{number}.dcm").write_bytes(a_slice(number))
    files = [str(tmp_path / f"{number}.dcm") for number in range(1, 4)]
    done = dcmtk(STORESCU, machine, authority.certificate, port, *files)
    assert (done.returncode, done.stderr) == (0, b"")
    with secured.made.store.read() as connection:
        assert len(connection.execute(select(instances.c.id)).all()) == 3
    told = dcmtk(FINDSCU, machine, authority.certificate, port, "-S", "-k=0008,0052=STUDY")
    assert told.returncode in (0, 1)


def test_a_large_object_comes_whole_by_tls(secured: Clinic, authority: Authority, tmp_path: Path) -> None:
    size = 2048
    big = ct_slice(
        {
            0x00280010: ("US", size.to_bytes(2, "little")),
            0x00280011: ("US", size.to_bytes(2, "little")),
            0x7FE00010: ("OW", bytes(range(256)) * (size * size * 2 // 256)),
        }
    )
    (tmp_path / "big.dcm").write_bytes(part10(big))
    done = dcmtk(STORESCU, authority.issue("anlong"), authority.certificate, secured.door.secure_port,
                 str(tmp_path / "big.dcm"))  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("port", ["tls", "plain"])
def test_strangers_get_nowhere(secured: Clinic, authority: Authority, stranger: Identity, port: str) -> None:
    where = secured.door.secure_port if port == "tls" else secured.door.port
    assert dcmtk(ECHOSCU, stranger, authority.certificate, where).returncode != 0
    assert dcmtk(ECHOSCU, authority.issue("anlong"), authority.certificate, secured.door.secure_port).returncode == 0


def test_whoever_dawdles_over_the_handshake_keeps_nobody_waiting(secured: Clinic, authority: Authority) -> None:
    with socket.create_connection(("127.0.0.1", secured.door.secure_port)):
        done = dcmtk(ECHOSCU, authority.issue("anlong"), authority.certificate, secured.door.secure_port)
    assert done.returncode == 0


def test_nothing_older_than_tls_1_2_is_spoken(secured: Clinic, authority: Authority) -> None:
    machine = authority.issue("anlong")
    for version, agreed in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        assert handshake(secured, machine, version)[0] == agreed
    assert handshake(secured, machine, ssl.TLSVersion.TLSv1_2)[1].startswith("ECDHE-RSA-AES")
    with pytest.raises(OSError), pytest.warns(DeprecationWarning, match="TLSv1_1"):  # noqa: PT011  by alert, or by closing
        handshake(secured, machine, ssl.TLSVersion.TLSv1_1)


def handshake(secured: Clinic, who: Identity, version: ssl.TLSVersion) -> tuple[str, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    if version is ssl.TLSVersion.TLSv1_1:
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(who.certificate, who.key)
    context.load_verify_locations(who.authorities)
    with (
        socket.create_connection(("127.0.0.1", secured.door.secure_port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as agreed,
    ):
        return str(agreed.version()), str((agreed.cipher() or ("",))[0])


def test_a_machine_that_calls_by_tls_only_is_not_known_without(secured: Clinic, authority: Authority) -> None:
    secured.knows("ANLONG", "ANLONG", tls=True)
    plain = subprocess.run(
        [ECHOSCU, "-aet", "ANLONG", "-aec", "CONSULT", "127.0.0.1", str(secured.door.port)],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    assert plain.returncode != 0
    assert dcmtk(ECHOSCU, authority.issue("anlong"), authority.certificate, secured.door.secure_port).returncode == 0


def test_we_call_a_peer_by_tls_and_only_one_that_we_trust(
    secured: Clinic, authority: Authority, stranger: Identity, tmp_path: Path
) -> None:
    theirs = authority.issue("pacs")
    for who, name in ((theirs, "pacs"), (stranger, "false")):
        options = ("+tls", str(who.key), str(who.certificate), "+cf", str(authority.certificate))
        with receiver(tmp_path / name, *options) as server:
            node = secured.knows("RECEIVER", "ANLONG", server.port, tls=True)
            if who is theirs:
                secured.peers.echo(node)
                continue
            with pytest.raises(Unreachable):
                secured.peers.echo(node)
