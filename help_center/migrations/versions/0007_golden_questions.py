"""golden questions and the runs over them"""

from alembic import op
import sqlalchemy as sa
from help_center.database import UtcTime


revision = '0007'
down_revision = '0006'


def upgrade() -> None:
    op.create_table('golden_questions',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('articles', sa.JSON(), nullable=False),
    sa.Column('locale', sa.String(length=35), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('history', sa.JSON(), nullable=False),
    sa.Column('conversation_id', sa.String(length=64), nullable=True),
    sa.Column('created_at', UtcTime(timezone=True), nullable=False),
    sa.Column('updated_at', UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_golden_questions_conversation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_golden_questions'))
    )
    op.create_index(op.f('ix_golden_questions_conversation_id'), 'golden_questions', ['conversation_id'])
    op.create_index(op.f('ix_golden_questions_created_at'), 'golden_questions', ['created_at'])
    op.create_table('golden_runs',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('at', UtcTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=320), nullable=False),
    sa.Column('max_wrong', sa.Double(), nullable=False),
    sa.Column('asked', sa.Integer(), nullable=False),
    sa.Column('right', sa.Integer(), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('wrong', sa.Integer(), nullable=False),
    sa.Column('outcomes', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_golden_runs'))
    )
    op.create_index(op.f('ix_golden_runs_at'), 'golden_runs', ['at'])


def downgrade() -> None:
    op.drop_table('golden_runs')
    op.drop_table('golden_questions')
