"""How much work a reading is: units by modality and body part, a head CT being 1, as rows that a house may change."""

from collections.abc import Mapping

ANY_PART = "*"
"""In the table: every body part that has no row of its own."""

UnitTable = Mapping[tuple[str, str], float]
"""(modality, body part or ``*``) → work units."""

SOURCE = (
    "Ours: rounded after the ratios of the physician work RVUs for 2024 in the US Medicare fee schedule (CPT 70450 "
    "head CT 0.85 = 1 unit; 71250, 74150, 72125, 70551, 74181, 73721, 71046, 76700, 77067, 78815); set your own."
)

SEED_UNITS: UnitTable = {
    ("CR", ANY_PART): 0.2,
    ("DX", ANY_PART): 0.2,
    ("US", ANY_PART): 0.6,
    ("MG", ANY_PART): 0.7,
    ("CT", ANY_PART): 1.0,
    ("CT", "CHEST"): 1.2,
    ("CT", "ABDOMEN"): 1.4,
    ("CT", "PELVIS"): 1.4,
    ("CT", "VESSEL"): 2.0,
    ("MR", ANY_PART): 1.5,
    ("MR", "ABDOMEN"): 1.7,
    ("MR", "PELVIS"): 1.7,
    ("PT", ANY_PART): 2.0,
}
"""What holds where a house has no table of its own."""

UNKNOWN = 1.0
MOST_UNITS = 20.0


def units_of(table: UnitTable, modality: str, body_part: str) -> float:
    """The reading effort of such a study, in work units; 1 where the table says nothing of the modality."""
    return table.get((modality, body_part), table.get((modality, ANY_PART), UNKNOWN))
