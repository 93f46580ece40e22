"""What the coordinator's desk looks at: cases by state, offers and findings by the time they have left."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_cases_state_rank": ["state", "rank", "id", "due_at", "centre", "performing_site", "requesting_site"],
    "ix_cases_assignee_id_state": ["assignee_id", "state", "modality", "body_part"],
    "ix_cases_offer_until": ["offer_until"],
    "ix_cases_alert_due_at": ["alert_due_at"],
}
LIMIT = timedelta(minutes=10)
AT_ONCE = 500

cases = sa.table(
    "cases",
    sa.column("id", sa.String),
    sa.column("live", sa.Boolean),
    sa.column("document", sa.JSON),
    sa.column("offer_until", sa.DateTime(timezone=True)),
    sa.column("alert_due_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    with op.batch_alter_table("cases") as table:
        table.add_column(sa.Column("offer_until", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("alert_due_at", sa.DateTime(timezone=True), nullable=True))
    _fill()
    for name, columns in INDEXES.items():
        op.create_index(name, "cases", columns)


def _fill() -> None:
    """The running cases tell both in their documents."""
    connection, last = op.get_bind(), ""
    while True:
        query = sa.select(cases.c.id, cases.c.document).where(cases.c.live, cases.c.id > last)
        rows = connection.execute(query.order_by(cases.c.id).limit(AT_ONCE)).all()
        if not rows:
            return
        last = rows[-1].id
        for row in rows:
            offer, alert = row.document.get("offer_until"), _alert(row.document.get("alerts") or [])
            if offer or alert:
                values = {"offer_until": _moment(offer) if offer else None, "alert_due_at": alert}
                connection.execute(cases.update().where(cases.c.id == row.id).values(**values))


def _alert(alerts: list[dict[str, str]]) -> datetime | None:
    found = [_moment(alert["detected_at"]) for alert in alerts if not alert.get("acknowledged_at")]
    return min(found) + LIMIT if found else None


def _moment(told: str) -> datetime:
    return datetime.fromisoformat(told).astimezone(UTC)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "cases")
    with op.batch_alter_table("cases") as table:
        table.drop_column("alert_due_at")
        table.drop_column("offer_until")
