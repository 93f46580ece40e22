"""All tables at once: importing this fills the metadata that the migrations must lead to."""

from consult.store import (
    tables,
    tables_audit,
    tables_limits,
    tables_measurements,
    tables_members,
    tables_nodes,
    tables_notices,
    tables_people,
    tables_performed,
    tables_phrases,
    tables_preparing,
    tables_proof,
    tables_reports,
    tables_rooms,
    tables_rota,
    tables_studies,
    tables_talk,
    tables_turnaround,
)

metadata = tables.metadata
TABLES = (
    tables,
    tables_audit,
    tables_limits,
    tables_measurements,
    tables_members,
    tables_nodes,
    tables_notices,
    tables_people,
    tables_performed,
    tables_phrases,
    tables_preparing,
    tables_proof,
    tables_reports,
    tables_rooms,
    tables_rota,
    tables_studies,
    tables_talk,
    tables_turnaround,
)
