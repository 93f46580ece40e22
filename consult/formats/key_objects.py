"""The images that somebody chose, as a Key Object Selection document (PS3.3 §A.35.4, TID 2010)."""

from consult.formats.measured import MANUFACTURER, KeyImages, dated, header_of, name_of, uid_of

TITLE = "关键图像"


def key_objects(chosen: KeyImages) -> bytes:
    """A Part 10 file; the captions stand in its description, numbered in the order of the images."""
    from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
    from highdicom.sr import CodedConcept, ObserverContext, PersonObserverIdentifyingAttributes

    images = {uid: header_of(path, chosen.patient_name) for uid, path in chosen.files.items()}
    objects = [images[uid] for uid in dict.fromkeys(image.sop_uid for image in chosen.images)]
    first = objects[0]
    captions = [f"{n}. {image.caption}" for n, image in enumerate(chosen.images, 1) if image.caption]
    person = PersonObserverIdentifyingAttributes(name_of(chosen.author))
    content = KeyObjectSelection(
        document_title=CodedConcept("113000", "DCM", "Of Interest"),
        referenced_objects=objects,
        observer_person_context=ObserverContext(CodedConcept("121006", "DCM", "Person"), person),
        description="\n".join([TITLE, *captions]),
    )
    made = KeyObjectSelectionDocument(
        evidence=objects,
        content=content,
        series_instance_uid=uid_of("key objects", first.StudyInstanceUID),
        series_number=9003,
        sop_instance_uid=uid_of("key objects", first.StudyInstanceUID, chosen.images, chosen.author, chosen.at),
        instance_number=1,
        manufacturer=MANUFACTURER,
        series_description=TITLE,
    )
    return dated(made, chosen.at)
