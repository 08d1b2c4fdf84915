"""files that people send, and how far each side has read"""

from alembic import op
import sqlalchemy as sa
import help_center.database


revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    op.create_table('files',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('conversation_id', sa.String(length=64), nullable=True),
    sa.Column('message_id', sa.String(length=64), nullable=True),
    sa.Column('agent_id', sa.String(length=64), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('content_type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('created_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_files_conversation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_files'))
    )
    op.create_index(op.f('ix_files_conversation_id'), 'files', ['conversation_id'])
    op.create_index('ix_files_unsent', 'files', ['kind', 'message_id', 'created_at'])
    op.add_column('messages', sa.Column('files', sa.JSON(), server_default='[]', nullable=False))
    op.add_column('held_replies', sa.Column('files', sa.JSON(), server_default='[]', nullable=False))
    op.add_column('conversations', sa.Column('customer_read', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('conversations', sa.Column('customer_read_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('conversations', sa.Column('agent_read', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('conversations', sa.Column('agent_read_at', help_center.database.UtcTime(timezone=True), nullable=True))


def downgrade() -> None:
    for column in ('agent_read_at', 'agent_read', 'customer_read_at', 'customer_read'):
        op.drop_column('conversations', column)
    op.drop_column('held_replies', 'files')
    op.drop_column('messages', 'files')
    op.drop_table('files')
