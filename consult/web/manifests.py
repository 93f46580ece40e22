"""Proof over HTTP: lists of senders, what we hold, versions that contradict, patients elsewhere, and the checks."""

from datetime import datetime
from typing import Annotated, Any

from flask import Response, request
from prometheus_client.core import GaugeMetricFamily, Metric
from pydantic import BaseModel, Field, StringConstraints

from consult.actions import announcements, conflicts
from consult.actions.parts import Parts
from consult.domain.errors import Words
from consult.formats.manifest import read_signature
from consult.queries import conflicts as disputes
from consult.queries import patients, proof
from consult.web import case_shapes, schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor
from consult.web.studies import StudyPath, study_out

SIGNATURE = "Consult-Signature"
MOST = 100_000  # images of a study

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ListedIn(schemas.In):
    """An image of the list; ``sha256`` is that of the Part 10 file as it is sent."""

    sop_uid: schemas.Uid
    sha256: Sha256 | None = None
    size: int | None = Field(default=None, ge=0)
    instance_number: int | None = Field(default=None, ge=-(2**31), lt=2**31)


class ListedSeriesIn(schemas.In):
    """A series of the list."""

    series_uid: schemas.Uid
    instances: list[ListedIn] = Field(max_length=MOST)


class ManifestIn(schemas.In):
    """All that there is of a study, as its sender says; signed over its canonical JSON (RFC 8785)."""

    study_uid: schemas.Uid
    series: list[ListedSeriesIn] = Field(max_length=10_000)


class TakenOut(BaseModel):
    """How a list was taken: ``source`` is signed or listed (unsigned, a weaker word)."""

    study_uid: str
    institution: str
    source: str
    images: int


class HeldOut(BaseModel):
    """A manifest that we made of a series when its study came to rest."""

    series_uid: str
    version: int
    sha256: str
    instances: int
    made_at: datetime


class ManifestsOut(BaseModel):
    """All manifests of a study's series, oldest first."""

    items: list[HeldOut]


class DifferenceOut(BaseModel):
    """An attribute in which a version differs from the primary one."""

    tag: str
    keyword: str
    first: str
    second: str


class ImageVersionOut(BaseModel):
    """One of several objects of an identity; ``same_pixels`` null: they cannot be compared."""

    sha256: str
    primary: bool
    sender: str
    received_at: datetime
    size: int
    same_pixels: bool | None
    differences: list[DifferenceOut]


class ChoiceOut(BaseModel):
    """What somebody chose, and why."""

    chosen: str
    before: str
    by: str
    at: datetime
    reason: str


class ConflictOut(BaseModel):
    """An identity that came with more than one content."""

    series_uid: str
    sop_uid: str
    instance_number: int | None
    versions: list[ImageVersionOut]
    decisions: list[ChoiceOut]


class ConflictsOut(BaseModel):
    """All of a study; ``may_decide``: this person chooses between them."""

    items: list[ConflictOut]
    may_decide: bool


class ChoiceIn(schemas.In):
    """The version to show, and why."""

    sop_uid: schemas.Uid
    sha256: Sha256
    reason: schemas.Text


class VersionPath(StudyPath):
    """One version of an object."""

    sop_uid: str = Field(pattern=r"^[0-9.]{1,64}$")
    sha256: Sha256


class MatchOut(BaseModel):
    """A study of another hospital that may be of the same patient, and why."""

    study: case_shapes.StudyOut
    site: case_shapes.Site
    reasons: list[str]


class MatchesOut(BaseModel):
    """Suggestions, newest first; nothing is merged."""

    items: list[MatchOut]


class FaultOut(BaseModel):
    """One thing that is not as it was kept."""

    code: str
    what: str
    sentence: str


class FaultyOut(BaseModel):
    """A study that did not stand the check."""

    study_uid: str
    institution: str
    at: datetime
    faults: list[FaultOut]


class VerificationOut(BaseModel):
    """How the slow walk over all studies stands."""

    studies: int
    checked: int
    bad: int
    rounds: int
    at: datetime | None
    items: list[FaultyOut]


def manifests_api(parts: Parts) -> Api:
    """The routes of proof."""
    api = Api("proof", "Lists of senders, versions that contradict, patients elsewhere, and the checks")
    _lists(api, parts)
    _conflicts(api, parts)
    _about_cases(api, parts)
    return api


def _lists(api: Api, parts: Parts) -> None:
    @api.put("/studies/<study_uid>/manifest", responses={200: TakenOut})
    def put_manifest(path: StudyPath, body: ManifestIn) -> Response:
        """Say what there is of a study, before or after it is sent.

        Signed: the header Consult-Signature, ``ed25519; key=<id>; sig=<base64>``, over the body's canonical JSON; the
        key says whose study it is, and no account is needed. Unsigned: from an account, and called so.
        """
        said = body.model_dump(mode="json", exclude_unset=True)
        signature = request.headers.get(SIGNATURE)
        if signature is not None:
            signed = read_signature(signature)
            taken = announcements.announce_signed(parts.store, path.study_uid, said, signed, parts.clock())
        else:
            actor = current_actor()
            taken = announcements.announce_plain(parts.store, path.study_uid, said, actor, parts.clock())
        return answered(
            TakenOut(
                study_uid=path.study_uid, institution=taken.institution, source=str(taken.source), images=taken.images
            )
        )

    @api.get("/studies/<study_uid>/manifest", responses={200: ManifestsOut})
    def show_manifests(path: StudyPath) -> Response:
        """What we wrote down of each series whenever the study came to rest."""
        rows = proof.manifests(parts.store, path.study_uid, current_actor())
        return answered(
            ManifestsOut(
                items=[
                    HeldOut(
                        series_uid=row.series_uid,
                        version=row.version,
                        sha256=row.sha256,
                        instances=row.instances,
                        made_at=row.made_at,
                    )
                    for row in rows
                ]
            )
        )


def _conflicts(api: Api, parts: Parts) -> None:
    @api.get("/studies/<study_uid>/conflicts", responses={200: ConflictsOut})
    def show_conflicts(path: StudyPath) -> Response:
        """Images that came with more than one content, side by side."""
        return _disputed(parts, path.study_uid)

    @api.post("/studies/<study_uid>/conflicts", responses={200: ConflictsOut})
    def choose_version(path: StudyPath, body: ChoiceIn) -> Response:
        """Choose the version that is shown; all are kept, and it can be chosen again."""
        actor = current_actor()
        conflicts.decide(parts.store, path.study_uid, body.sop_uid, body.sha256, body.reason, actor, parts.clock())
        return _disputed(parts, path.study_uid)

    @api.get("/studies/<study_uid>/conflicts/<sop_uid>/<sha256>/picture")
    def show_version(path: VersionPath) -> Response:
        """One version as a picture."""
        drawn = disputes.picture(parts.store, parts.blobs, path.study_uid, path.sop_uid, path.sha256, current_actor())
        answer = Response(drawn, content_type="image/png")
        answer.headers["Cache-Control"] = "private, max-age=3600"
        return answer


def _disputed(parts: Parts, study_uid: str) -> Response:
    actor = current_actor()
    found = disputes.disputed(parts.store, parts.blobs, study_uid, actor)
    items = [
        ConflictOut(
            series_uid=each.series_uid,
            sop_uid=each.sop_uid,
            instance_number=each.instance_number,
            versions=[_version(version) for version in each.versions],
            decisions=[
                ChoiceOut(chosen=made.chosen, before=made.before, by=made.by, at=made.at, reason=made.reason)
                for made in each.decisions
            ],
        )
        for each in found
    ]
    return answered(ConflictsOut(items=items, may_decide=conflicts.may_decide(actor)))


def _version(version: disputes.Version) -> ImageVersionOut:
    return ImageVersionOut(
        sha256=version.sha256,
        primary=version.primary,
        sender=version.sender,
        received_at=version.received_at,
        size=version.size,
        same_pixels=version.same_pixels,
        differences=[DifferenceOut(**each._asdict()) for each in version.differences],
    )


def _about_cases(api: Api, parts: Parts) -> None:
    @api.get("/cases/<case_id>/patient-matches", responses={200: MatchesOut})
    def show_matches(path: schemas.CasePath) -> Response:
        """Studies of other hospitals that may be of this patient."""
        found = patients.suggestions(parts.store, path.case_id, current_actor())
        return answered(
            MatchesOut(
                items=[
                    MatchOut(
                        study=study_out(each.study, "prior"),
                        site=case_shapes.Site(code=each.site, name=spoken(each.site_name)),
                        reasons=[spoken(reason) for reason in each.reasons],
                    )
                    for each in found
                ]
            )
        )

    @api.get("/verification", responses={200: VerificationOut})
    def show_verification() -> Response:
        """What the slow walk over all studies has found; for operators."""
        stands, faulty = proof.results(parts.store, current_actor())
        items = [
            FaultyOut(
                study_uid=row.study_uid, institution=row.institution, at=row.at, faults=[_fault(f) for f in row.faults]
            )
            for row in faulty
        ]
        return answered(VerificationOut(**stands._asdict(), items=items))


def _fault(kept: dict[str, Any]) -> FaultOut:
    return FaultOut(code=kept["code"], what=kept["what"], sentence=spoken(Words(kept["zh"], kept["en"])))


def proof_figures(parts: Parts) -> list[Metric]:
    """How the checking of all studies stands. Raises Unavailable."""
    stands = proof.standing(parts.store)
    return [
        GaugeMetricFamily(name, help_text, value)
        for name, help_text, value in (
            ("consult_studies", "Studies that are kept", stands.studies),
            ("consult_studies_verified", "Studies whose objects were read and hashed again", stands.checked),
            ("consult_studies_faulty", "Studies that are not as they were kept", stands.bad),
            ("consult_verification_rounds", "Times that all studies were checked", stands.rounds),
        )
    ]
