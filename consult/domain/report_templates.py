"""Which template a report starts from: the closest of the table to its device, body part, service and patient."""

from consult.domain.report_sections import ANY, Template
from consult.domain.templates_ct import CT_TEMPLATES
from consult.domain.templates_mr import MR_TEMPLATES
from consult.domain.templates_other import OTHER_TEMPLATES
from consult.domain.templates_xray import XRAY_TEMPLATES

TEMPLATES: tuple[Template, ...] = CT_TEMPLATES + MR_TEMPLATES + XRAY_TEMPLATES + OTHER_TEMPLATES
"""Of several for one device and part, the first is the one to open with; the others are in the list."""

_SAME_MODALITY = {"CR": "DX", "RF": "DX", "DR": "DX", "RG": "DX", "MRI": "MR"}


def template_for(modality: str, body_part: str, service_type: str, sex: str = "") -> Template:
    """The closest template: exact service and modality and part first, then what matches any; always one.

    ``modality`` is DICOM's (CR and DR count as DX), ``body_part`` one of the product's words (HEAD, CHEST …),
    ``sex`` M, F or anything else for not known: then no template of one sex is chosen.
    """
    wanted = (service_type, _SAME_MODALITY.get(modality.upper(), modality.upper()), body_part.upper())

    def closeness(template: Template) -> int:
        key = (template.service_type, template.modality, template.body_part)
        if template.sex not in ("", sex) or any(
            ours not in (ANY, theirs) for ours, theirs in zip(key, wanted, strict=True)
        ):
            return -1
        return sum(weight for ours, weight in zip(key, (4, 2, 1), strict=True) if ours != ANY)

    return max(TEMPLATES, key=closeness)


def template_by_id(id: str) -> Template:
    """The template of that id; raises KeyError where there is none."""
    return {template.id: template for template in TEMPLATES}[id]
