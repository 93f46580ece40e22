"""approval: which requests a head must agree to, and the drafts that wait for that."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("approval_asked_at", sa.DateTime(timezone=True), nullable=True))
    rule = {True: "emergency_exempt", False: "none"}
    _rewrite("approver_required", "approval", lambda asked: rule[bool(asked)])


def downgrade() -> None:
    _rewrite("approval", "approver_required", lambda rule: rule != "none")
    op.drop_column("cases", "approval_asked_at")


def _rewrite(old: str, new: str, of: Any) -> None:
    houses = sa.table("institutions", sa.column("code", sa.String), sa.column("policy", sa.JSON))
    there = op.get_bind()
    for code, policy in there.execute(sa.select(houses.c.code, houses.c.policy)).all():
        kept = {name: value for name, value in policy.items() if name != old} | {new: of(policy.get(old))}
        there.execute(sa.update(houses).where(houses.c.code == code).values(policy=kept))
