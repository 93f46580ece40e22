"""How the installation is, finding by finding: disk, objects against rows, certificates, leader, clock, backup."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from consult.actions import database
from consult.actions.parts import Parts
from consult.domain.backups import late
from consult.domain.errors import Unavailable
from consult.store import doctor
from consult.store.blobs import Blobs

LEAST_FREE = 2 << 30
SAMPLE = 200
SOON = timedelta(days=60)
YOUNG = timedelta(hours=1)
"""An object that came within this time may still wait for its row."""
DRIFT = timedelta(seconds=5)
NAMED = 5  # objects that are named in a finding


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is good, and what was found."""

    name: str
    good: bool
    told: str


def examine(parts: Parts, every: bool, now: datetime) -> Iterator[Finding]:
    """Every finding; ``every`` reads all objects instead of a sample. A check that cannot be made is a bad finding."""
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("database", lambda: _database(parts)),
        ("migrations", lambda: _migrations(parts)),
        ("disk", lambda: _disk(parts)),
        ("objects", lambda: _missing(parts)),
        ("orphans", lambda: _orphans(parts, now)),
        ("hashes", lambda: _hashes(parts, every)),
        ("leftovers", lambda: _leftovers(parts, now)),
        ("quarantine", lambda: _quarantine(parts)),
        ("certificates", lambda: _certificates(parts, now)),
        ("leader", lambda: _leader(parts)),
        ("clock", lambda: _clock(parts)),
        ("audit", lambda: _audit(parts, now)),
        ("backup", lambda: _backup(parts, now)),
    )
    for name, check in checks:
        try:
            yield check()
        except (Unavailable, OSError) as away:
            yield Finding(name, False, away.sentence.en if isinstance(away, Unavailable) else str(away.strerror))


def set_aside(parts: Parts, now: datetime) -> list[str]:
    """Move objects that no row names into ``orphans``, beside ``objects``; nothing is deleted. Raises Unavailable."""
    aside = parts.blobs.root / "orphans"
    moved: list[str] = []
    for place in _unnamed(parts, now):
        aside.mkdir(exist_ok=True)
        place.rename(aside / place.name)
        moved.append(place.name)
    return moved


def _database(parts: Parts) -> Finding:
    with parts.store.read() as connection:
        told = doctor.integrity(connection)
    return Finding("database", told == "ok", told)


def _migrations(parts: Parts) -> Finding:
    standing = database.standing(parts.store)
    if standing.good:
        return Finding("migrations", True, f"at {standing.newest}")
    differing = f"; {len(standing.differences)} differences" if standing.differences else ""
    return Finding("migrations", False, f"at {standing.revision}, not {standing.newest}{differing}: consult db upgrade")


def _disk(parts: Parts) -> Finding:
    room = shutil.disk_usage(parts.blobs.root)
    told = f"{room.free / 1e9:.1f} GB free of {room.total / 1e9:.1f} GB"
    return Finding("disk", room.free >= LEAST_FREE, told)


def _missing(parts: Parts) -> Finding:
    """What rows name and the store does not have."""
    there = {name for name, _ in parts.blobs.names()}
    with parts.store.read() as connection:
        named = missing = 0
        some: list[str] = []
        for sha256 in doctor.named(connection):
            named += 1
            if sha256 not in there:
                missing += 1
                some = [*some, sha256][:NAMED]
    if missing:
        return Finding("objects", False, f"{missing} of {named} are missing: {', '.join(some)}")
    return Finding("objects", True, f"{named} are there")


def _orphans(parts: Parts, now: datetime) -> Finding:
    found = [place.name for place in _unnamed(parts, now)]
    if found:
        some = ", ".join(found[:NAMED])
        return Finding("orphans", False, f"{len(found)} objects that no row names: {some} (--repair moves them aside)")
    return Finding("orphans", True, "none")


def _unnamed(parts: Parts, now: datetime) -> Iterator[Path]:
    """Files of objects that no row names and that are no longer young; none where objects lie on a shelf elsewhere.

    The names are listed before the rows are read, so that what comes meanwhile is not taken for an orphan.
    """
    if parts.settings.blobs.elsewhere:
        return
    there = [name for name, _ in parts.blobs.names()]
    with parts.store.read() as connection:
        named = set(doctor.named(connection))
    young_since = (now - YOUNG).timestamp()
    for name in there:
        place = parts.blobs.path(name)
        if name not in named and place.exists() and place.stat().st_mtime < young_since:
            yield place


def _hashes(parts: Parts, every: bool) -> Finding:
    with parts.store.read() as connection:
        chosen = list(doctor.named(connection)) if every else doctor.sample(connection, SAMPLE)
    wrong = [sha256 for sha256 in chosen if not _sound(parts.blobs, sha256)]
    if wrong:
        return Finding("hashes", False, f"{len(wrong)} of {len(chosen)} are wrong: {', '.join(wrong[:NAMED])}")
    return Finding("hashes", True, f"{len(chosen)} {'read, all' if every else 'sampled, all'} right")


def _sound(blobs: Blobs, sha256: str) -> bool:
    """A missing object is told by another finding."""
    return blobs.verify(sha256) or not blobs.path(sha256).exists()


def _leftovers(parts: Parts, now: datetime) -> Finding:
    day = (now - timedelta(days=1)).timestamp()
    old = [each for each in (parts.blobs.root / "incoming").rglob("*") if each.is_file() and each.stat().st_mtime < day]
    left = [each for each in old if each.name != "lock"]
    return Finding("leftovers", not left, f"{len(left)} temporary files older than a day" if left else "none")


def _quarantine(parts: Parts) -> Finding:
    with parts.store.read() as connection:
        number, size = doctor.waiting(connection)
    return Finding("quarantine", True, f"{number} objects wait for somebody, {size / 1e6:.1f} MB")


def _certificates(parts: Parts, now: datetime) -> Finding:
    """Certificates of the signing authority, of TLS, and their last days."""
    from cryptography import x509

    door = parts.settings.dicom
    files = [*sorted((parts.settings.trust.folder / "public").glob("*.cer"))]
    files += [file for file in (door.tls_certificate, door.tls_authorities) if file is not None]
    ending: list[str] = []
    for file in files:
        data = file.read_bytes()
        pem = data.lstrip().startswith(b"-----")
        read = x509.load_pem_x509_certificates(data) if pem else [x509.load_der_x509_certificate(data)]
        ending += [f"{file.name} on {each.not_valid_after_utc:%Y-%m-%d}" for each in read
                   if each.not_valid_after_utc < now + SOON]  # fmt: skip
    if ending:
        return Finding("certificates", False, f"ending: {', '.join(ending)}")
    return Finding("certificates", True, f"{len(files)} files, none ends within {SOON.days} days")


def _leader(parts: Parts) -> Finding:
    """Whether a worker leads: its timers must not lie long overdue."""
    now = parts.clock()
    with parts.store.read() as connection:
        oldest = doctor.oldest_due(connection, now)
    if oldest is not None and now - oldest > timedelta(minutes=5):
        return Finding("leader", False, f"a timer is due since {oldest:%Y-%m-%d %H:%M} UTC: no worker runs")
    return Finding("leader", True, "no timer is overdue")


def _clock(parts: Parts) -> Finding:
    """Our clock against the database's; on one machine they are the same."""
    with parts.store.read() as connection:
        theirs = doctor.time(connection)
    off = abs(parts.clock() - theirs)
    return Finding("clock", off <= DRIFT, f"{off.total_seconds():.1f} s from the database's")


def _audit(parts: Parts, now: datetime) -> Finding:
    folder = parts.settings.audit.folder
    if folder is None:
        return Finding("audit", True, "no anchors are set (audit.folder)")
    newest = max((place.name[:10] for place in folder.glob("*.anchor.json")), default="never")
    late = newest < (now - timedelta(days=2)).date().isoformat() or newest == "never"
    return Finding("audit", not late, f"last anchored: {newest}")


def _backup(parts: Parts, now: datetime) -> Finding:
    """How old the last backup is; an installation without a study has nothing to lose yet."""
    with parts.store.read() as connection:
        last, studies = doctor.last_backup(connection), doctor.holds_studies(connection)
    if last is None:
        return Finding("backup", not studies, "there never was one: consult backup FOLDER (ops/backup)")
    said = last.entry
    told = f"last {said.at:%Y-%m-%d %H:%M} UTC, {(now - said.at) / timedelta(hours=1):.1f} h ago"
    lost = said.detail.get("lost", 0)
    return Finding("backup", not lost and not late(said.at, now), f"{told}; {lost} objects lost" if lost else told)
