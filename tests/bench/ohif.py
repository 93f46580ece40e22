"""The viewer that people would pick instead: OHIF as it is published, got when it is measured and kept between runs."""

import json
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.peers.nginx import NGINX, free_port

PACKAGE, VERSION = "@ohif/app", "3.13.2"
LONGEST_S = 15
_CONFIG = {
    "name": "bench",
    "routerBasename": "/",
    "extensions": [],
    "modes": [],
    "customizationService": {},
    "showStudyList": True,
    "maxNumberOfWebWorkers": 2,
    "showLoadingIndicator": True,
    "showCPUFallbackMessage": False,
    "strictZSpacingForVolumeViewport": True,
    "defaultDataSourceName": "dicomweb",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "dicomweb",
            "configuration": {
                "friendlyName": "bench",
                "name": "bench",
                "qidoRoot": "/dicom-web",
                "wadoRoot": "/dicom-web",
                "qidoSupportsIncludeField": False,
                "imageRendering": "wadors",
                "thumbnailRendering": "wadors",
                "enableStudyLazyLoad": True,
                "supportsFuzzyMatching": False,
                "supportsWildcard": True,
                "dicomUploadEnabled": False,
                "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
                "omitQuotationForMultipartRequest": True,
            },
        }
    ],
}


def built(kept: Path) -> Path | None:
    """The folder of the built viewer below ``kept``, fetched with npm when it is not there; None where it cannot be."""
    target = kept / f"ohif-{VERSION}"
    if not (target / "whole").exists():
        npm = shutil.which("npm")
        if npm is None:
            return None
        target.mkdir(parents=True, exist_ok=True)
        got = subprocess.run(
            [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=target, capture_output=True, check=False
        )
        packed = next(target.glob("*.tgz"), None)
        if got.returncode or packed is None:
            return None
        with tarfile.open(packed) as archive:
            archive.extractall(target, filter="data")
        packed.unlink()
        (target / "whole").touch()
    (target / "app-config.js").write_text(f"window.config = {json.dumps(_CONFIG)};\n")
    return target


@contextmanager
def served(folder: Path, ohif: Path, backends: list[int]) -> Iterator[list[str]]:
    """OHIF with each DICOMweb server of a loopback port on one origin; their addresses, in the same order."""
    folder.mkdir()
    ports = [free_port() for _ in backends]
    sites = "".join(_site(ohif, port, backend) for port, backend in zip(ports, backends, strict=True))
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 1;\nuser root;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}include /etc/nginx/mime.types;\ngzip on;\n"
        f"gzip_types application/javascript text/css application/wasm application/dicom+json;\n{sites}}}\n"
    )
    process = subprocess.Popen([str(NGINX), "-c", str(config)], stderr=subprocess.DEVNULL)
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        for address in addresses:
            _await(address)
        yield addresses
    finally:
        process.terminate()
        process.wait(timeout=LONGEST_S)


def _site(ohif: Path, port: int, backend: int) -> str:
    """OHIF's pages may be kept for a day, as a returning user has them; the server behind is as it is."""
    proxied = f"proxy_pass http://127.0.0.1:{backend}; proxy_set_header Host $host:{port};"
    return (
        f"server {{\nlisten 127.0.0.1:{port};\nroot {ohif}/package/dist;\ntypes {{ application/wasm wasm; }}\n"
        "include /etc/nginx/mime.types;\n"
        f"location = /app-config.js {{ alias {ohif}/app-config.js; }}\n"
        f"location /dicom-web/ {{ {proxied} }}\nlocation /api/ {{ {proxied} }}\n"
        'location / { try_files $uri /index.html; add_header Cache-Control "max-age=86400"; }\n}\n'
    )


def _await(address: str) -> None:
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise RuntimeError(f"nginx does not answer at {address}")
