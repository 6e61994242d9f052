"""Make the tables of predictions and of real durations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "predictions",
        sa.Column("prediction_id", sa.Text, primary_key=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pickup_datetime", sa.DateTime, nullable=False),
        sa.Column("pickup_zone", sa.BigInteger, nullable=False),
        sa.Column("dropoff_zone", sa.BigInteger, nullable=False),
        sa.Column("route_distance", sa.Double),
        sa.Column("minutes", sa.Double, nullable=False),
        sa.Column("lower", sa.Double),
        sa.Column("upper", sa.Double),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.Text, nullable=False),
        sa.Column("flags", sa.Text, nullable=False),
    )
    op.create_index("ix_predictions_requested_at", "predictions", ["requested_at"])
    op.create_table(
        "outcomes",
        sa.Column(
            "prediction_id",
            sa.Text,
            sa.ForeignKey("predictions.prediction_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("duration_minutes", sa.Double, nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_sha256", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Remove them, with all that they hold."""
    op.drop_table("outcomes")
    op.drop_table("predictions")
