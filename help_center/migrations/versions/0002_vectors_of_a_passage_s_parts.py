"""vectors of a passage's parts"""

from alembic import op
import sqlalchemy as sa


revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    op.add_column('passages', sa.Column('sections', sa.JSON(), nullable=True))
    op.add_column('passages', sa.Column('parts', sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column('passages', 'parts')
    op.drop_column('passages', 'sections')
