"""Measurements over HTTP: added under the drawer's id, changed on the version that was seen, given out as DICOM."""

from flask import Response

from consult.actions import measurement_exports as exports
from consult.actions import measurements
from consult.actions.parts import Parts
from consult.domain.measurements import KINDS, SCALES, VALUE_NAMES, Kept, Measurement, Value
from consult.domain.people import Institution
from consult.queries import measurements as measured
from consult.web import measurement_shapes as shapes
from consult.web import schemas
from consult.web.answers import answered
from consult.web.case_json import site_out
from consult.web.cases import expected_version
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.record_shapes import PartyOut
from consult.web.session import current_actor


def measurements_api(parts: Parts) -> Api:
    """The routes of what is measured on a case's images."""
    api = Api("measurements", "Measurements on the images of a case")
    _reading(api, parts)
    _writing(api, parts)
    _giving_out(api, parts)
    return api


def _reading(api: Api, parts: Parts) -> None:
    @api.get("/cases/<case_id>/measurements", responses={200: shapes.MeasurementsOut})
    def show_measurements(path: schemas.CasePath) -> Response:
        """What was measured and is not deleted, in the order it was made."""
        found = measured.of_case(parts.store, path.case_id, current_actor())
        return answered(_measured(found))

    @api.get("/cases/<case_id>/measurements/<measurement_id>/versions", responses={200: shapes.MeasurementsOut})
    def show_versions(path: shapes.MeasurementPath) -> Response:
        """Every version of one measurement, oldest first; of a deleted one too."""
        found = measured.history(parts.store, path.case_id, path.measurement_id, current_actor())
        return answered(_measured(found))


def _writing(api: Api, parts: Parts) -> None:
    @api.post("/cases/<case_id>/measurements", responses={201: shapes.MeasurementOut})
    def add_measurement(path: schemas.CasePath, body: shapes.NewMeasurementIn) -> Response:
        """Keep a measurement; the same under the same id once more changes nothing."""
        kept = measurements.add(parts.store, path.case_id, body.id, _drawn(body), current_actor(), parts.clock())
        answer = _one(kept)
        answer.status_code = 201
        return answer

    @api.put("/cases/<case_id>/measurements/<measurement_id>", responses={200: shapes.MeasurementOut})
    def change_measurement(path: shapes.MeasurementPath, body: shapes.DrawnIn) -> Response:
        """The next version of one's own measurement; If-Match says which one you saw. A deleted one is there again."""
        actor, version = current_actor(), expected_version()
        return _one(
            measurements.change(
                parts.store, path.case_id, path.measurement_id, _drawn(body), version, actor, parts.clock()
            )
        )

    @api.delete("/cases/<case_id>/measurements/<measurement_id>", responses={200: shapes.MeasurementOut})
    def delete_measurement(path: shapes.MeasurementPath) -> Response:
        """One's own measurement is shown no more; If-Match says which version you saw."""
        actor, version = current_actor(), expected_version()
        return _one(measurements.delete(parts.store, path.case_id, path.measurement_id, version, actor, parts.clock()))


def _giving_out(api: Api, parts: Parts) -> None:
    @api.get("/cases/<case_id>/measurements.sr.dcm")
    def give_report(path: schemas.CasePath, query: shapes.StudyQuery) -> Response:
        """The measurements on one study as a DICOM structured report (TID 1500)."""
        made = exports.measured(parts, path.case_id, query.study_uid, "measured_sr", current_actor())
        return _saved(made, "measurements.sr.dcm")

    @api.get("/cases/<case_id>/measurements.pr.dcm")
    def give_state(path: schemas.CasePath, query: shapes.StudyQuery) -> Response:
        """What was drawn on the images of one study as a DICOM presentation state."""
        made = exports.measured(parts, path.case_id, query.study_uid, "measured_pr", current_actor())
        return _saved(made, "measurements.pr.dcm")

    @api.get("/cases/<case_id>/key-images.ko.dcm")
    def give_key_images(path: schemas.CasePath) -> Response:
        """The key images of the report as a DICOM key object selection."""
        return _saved(exports.key_images(parts, path.case_id, current_actor()), "key-images.ko.dcm")


def _saved(made: bytes, name: str) -> Response:
    answer = Response(made, mimetype="application/dicom")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _drawn(body: shapes.DrawnIn) -> Measurement:
    return Measurement(
        body.kind,
        body.study_uid,
        body.series_uid,
        body.sop_uid or "",
        body.frame,
        body.frame_of_reference_uid or "",
        tuple(tuple(point) for point in body.points),
        tuple(Value(each.name, each.value, each.unit) for each in body.values),
        body.label,
        body.scale,
    )


def _measured(found: measured.Measured) -> shapes.MeasurementsOut:
    return shapes.MeasurementsOut(
        items=[measurement_out(each, found.sites) for each in found.items], measures=found.measures
    )


def _one(kept: Kept) -> Response:
    answer = answered(measurement_out(kept, {}))
    answer.headers["ETag"] = f'"{kept.version}"'
    return answer


def measurement_out(kept: Kept, sites: dict[str, Institution]) -> shapes.MeasurementOut:
    """A version of a measurement as the API tells it."""
    told = kept.measurement
    return shapes.MeasurementOut(
        id=kept.id,
        version=kept.version,
        deed=kept.deed,
        at=kept.at,
        author=PartyOut(id=kept.author_id, name=kept.author_name),
        site=site_out(sites, kept.author_site).name,
        mine=kept.author_id == current_actor().person_id,
        kind=told.kind,
        kind_label=spoken(KINDS[told.kind].label),
        study_uid=told.study_uid,
        series_uid=told.series_uid,
        sop_uid=told.sop_uid or None,
        frame=told.frame,
        frame_of_reference_uid=told.frame_of_reference_uid or None,
        points=[list(point) for point in told.points],
        values=[
            shapes.ValueOut(name=each.name, label=spoken(VALUE_NAMES[each.name]), value=each.value, unit=each.unit)
            for each in told.values
        ],
        label=told.label,
        scale=told.scale,
        scale_label=spoken(SCALES[told.scale]),
    )
