"""what a question back offers to choose from"""

from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'


def upgrade() -> None:
    op.add_column('messages', sa.Column('choices', sa.JSON(), server_default='[]', nullable=False))


def downgrade() -> None:
    op.drop_column('messages', 'choices')
