"""The nginx site as it is shipped, run by a real nginx on other ports and folders."""

import datetime
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SITE = Path(__file__).resolve().parents[2] / "ops" / "nginx" / "consult.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
HOST = "consult.example.org"
LONGEST_S = 15


@contextmanager
def nginx(
    folder: Path,
    ports: dict[str, int],
    prepared: Path | None = None,
    *,
    user: str = "root",
    encrypted: bool = True,
    more: str = "",
) -> Iterator[int]:
    """nginx in front of what listens on ports ``web`` and ``feed``; it listens on ``plain`` and ``tls``; its pid.

    ``prepared`` is the folder of what was made ready. The folder holds certificate and key. It works as ``user``.
    Where it is not ``encrypted``, port ``tls`` is plain; ``more`` are further locations.
    """
    site = _site(folder, ports, prepared or folder)
    if not encrypted:
        site = re.sub(r"^ *ssl_.*\n", "", site, flags=re.MULTILINE).replace(" ssl http2;", ";")
    config = _config(folder, site.replace("    location / {", f"    {more}\n    location / {{", 1), user)
    checked = subprocess.run([NGINX, "-t", "-c", str(config)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr.replace('"user" directive makes sense', "")
    process = subprocess.Popen([NGINX, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        _await(ports["tls"], process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=LONGEST_S)


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(folder: Path) -> ssl.SSLContext:
    """Certificate and key for the site in a folder, and what trusts them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "fullchain.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    trusted = ssl.create_default_context(cadata=pem.decode())
    trusted.check_hostname = False
    return trusted


def _site(folder: Path, ports: dict[str, int], prepared: Path) -> str:
    """The site as it is shipped, on other ports and folders."""
    site = SITE.read_text()
    for shipped, here in (
        ("listen 80;", f"listen 127.0.0.1:{ports['plain']};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{ports['tls']} ssl"),
        ("consult_web {\n    server 127.0.0.1:8080;", f"consult_web {{\n    server 127.0.0.1:{ports['web']};"),
        ("consult_feed {\n    server 127.0.0.1:8080;", f"consult_feed {{\n    server 127.0.0.1:{ports['feed']};"),
        ("/etc/consult/tls", str(folder)),
        ("/var/log/nginx", str(folder)),
        ("/var/lib/consult-prepared/", f"{prepared}/"),
        ("/run/consult-passes", f"{folder}/passes"),
    ):
        assert shipped in site, shipped
        site = site.replace(shipped, here)
    return site


def _config(folder: Path, site: str, user: str) -> Path:
    """A site inside the least main configuration."""
    (folder / "site.conf").write_text(site)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 1;\nuser {user};\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}include {folder}/site.conf;\n}}\n"
    )
    return config


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + LONGEST_S
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("nginx does not listen")
