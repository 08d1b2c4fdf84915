"""the desk: teams, labels, drafts, presence, audit log, outbox"""

from alembic import op
import sqlalchemy as sa
import help_center.database


revision = '0003'
down_revision = '0002'


def upgrade() -> None:
    op.create_table('audit_log',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.String(length=64), nullable=True),
    sa.Column('actor', sa.String(length=320), nullable=False),
    sa.Column('action', sa.String(length=60), nullable=False),
    sa.Column('subject', sa.String(length=100), nullable=True),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_log')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_audit_log_action'), 'audit_log', ['action'], unique=False)
    op.create_index(op.f('ix_audit_log_actor_id'), 'audit_log', ['actor_id'], unique=False)
    op.create_index('ix_audit_log_at', 'audit_log', ['at', 'id'], unique=False)
    op.create_index(op.f('ix_audit_log_subject'), 'audit_log', ['subject'], unique=False)
    op.create_table('canned_replies',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('shortcut', sa.String(length=60), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.Column('created_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.Column('updated_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_canned_replies')),
    sa.UniqueConstraint('shortcut', name=op.f('uq_canned_replies_shortcut'))
    )
    op.create_table('deliveries',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('event', sa.String(length=60), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=True),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('due_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.Column('done_at', help_center.database.UtcTime(timezone=True), nullable=True),
    sa.Column('conversation_id', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_deliveries_conversation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries')),
    sa.UniqueConstraint('key', name=op.f('uq_deliveries_key'))
    )
    op.create_index(op.f('ix_deliveries_created_at'), 'deliveries', ['created_at'], unique=False)
    op.create_index(op.f('ix_deliveries_conversation_id'), 'deliveries', ['conversation_id'], unique=False)
    op.create_index('ix_deliveries_due', 'deliveries', ['status', 'due_at'], unique=False)
    op.create_table('sign_in_tries',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('failed', sa.Integer(), nullable=False),
    sa.Column('locked_until', help_center.database.UtcTime(timezone=True), nullable=True),
    sa.Column('last_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_sign_in_tries'))
    )
    op.create_table('teams',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('languages', sa.JSON(), nullable=False),
    sa.Column('sections', sa.JSON(), nullable=False),
    sa.Column('strategy', sa.String(length=20), nullable=False),
    sa.Column('hours', sa.JSON(), nullable=True),
    sa.Column('created_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_teams')),
    sa.UniqueConstraint('name', name=op.f('uq_teams_name'))
    )
    op.create_table('webhooks',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('secret', sa.String(length=100), nullable=False),
    sa.Column('events', sa.JSON(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhooks'))
    )
    op.create_table('team_members',
    sa.Column('team_id', sa.String(length=64), nullable=False),
    sa.Column('agent_id', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_team_members_agent_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_team_members_team_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('team_id', 'agent_id', name=op.f('pk_team_members'))
    )
    op.create_index(op.f('ix_team_members_agent_id'), 'team_members', ['agent_id'], unique=False)
    op.create_table('conversation_labels',
    sa.Column('conversation_id', sa.String(length=64), nullable=False),
    sa.Column('label', sa.String(length=60), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_conversation_labels_conversation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('conversation_id', 'label', name=op.f('pk_conversation_labels'))
    )
    op.create_index(op.f('ix_conversation_labels_label'), 'conversation_labels', ['label'], unique=False)
    op.create_table('drafts',
    sa.Column('agent_id', sa.String(length=64), nullable=False),
    sa.Column('handoff_id', sa.String(length=64), nullable=False),
    sa.Column('mode', sa.String(length=10), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('updated_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_drafts_agent_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['handoff_id'], ['handoffs.id'], name=op.f('fk_drafts_handoff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('agent_id', 'handoff_id', 'mode', name=op.f('pk_drafts'))
    )
    op.create_index(op.f('ix_drafts_handoff_id'), 'drafts', ['handoff_id'], unique=False)
    op.create_table('held_replies',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('handoff_id', sa.String(length=64), nullable=False),
    sa.Column('agent_id', sa.String(length=64), nullable=False),
    sa.Column('author', sa.String(length=300), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('client_id', sa.String(length=200), nullable=True),
    sa.Column('send_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.Column('created_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_held_replies_agent_id')),
    sa.ForeignKeyConstraint(['handoff_id'], ['handoffs.id'], name=op.f('fk_held_replies_handoff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_held_replies')),
    sa.UniqueConstraint('handoff_id', 'client_id', name=op.f('uq_held_replies_handoff_id'))
    )
    op.create_index(op.f('ix_held_replies_send_at'), 'held_replies', ['send_at'], unique=False)
    op.create_table('presence',
    sa.Column('handoff_id', sa.String(length=64), nullable=False),
    sa.Column('agent_id', sa.String(length=64), nullable=False),
    sa.Column('typing', sa.Boolean(), nullable=False),
    sa.Column('until', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_presence_agent_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['handoff_id'], ['handoffs.id'], name=op.f('fk_presence_handoff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('handoff_id', 'agent_id', name=op.f('pk_presence'))
    )
    op.create_index(op.f('ix_presence_until'), 'presence', ['until'], unique=False)
    op.create_table('mentions',
    sa.Column('note_id', sa.String(length=64), nullable=False),
    sa.Column('agent_id', sa.String(length=64), nullable=False),
    sa.Column('handoff_id', sa.String(length=64), nullable=False),
    sa.Column('created_at', help_center.database.UtcTime(timezone=True), nullable=False),
    sa.Column('seen_at', help_center.database.UtcTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_mentions_agent_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['handoff_id'], ['handoffs.id'], name=op.f('fk_mentions_handoff_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['note_id'], ['notes.id'], name=op.f('fk_mentions_note_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('note_id', 'agent_id', name=op.f('pk_mentions'))
    )
    op.create_index(op.f('ix_mentions_agent_id'), 'mentions', ['agent_id'], unique=False)
    op.create_index(op.f('ix_mentions_handoff_id'), 'mentions', ['handoff_id'], unique=False)
    op.add_column('agents', sa.Column('languages', sa.JSON(), server_default='[]', nullable=False))
    op.add_column('agents', sa.Column('sections', sa.JSON(), server_default='[]', nullable=False))
    op.add_column('agents', sa.Column('capacity', sa.Integer(), server_default='0', nullable=False))
    op.add_column('agents', sa.Column('available', sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column('agents', sa.Column('notify', sa.JSON(), server_default='{}', nullable=False))
    op.add_column('agents', sa.Column('deactivated_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('agents', sa.Column('last_seen_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('agents', sa.Column('last_given_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('api_tokens', sa.Column('id', sa.String(length=64), server_default=sa.text("''"), nullable=False))
    op.add_column('api_tokens', sa.Column('name', sa.String(length=100), server_default=sa.text("''"), nullable=False))
    op.add_column('api_tokens', sa.Column('hint', sa.String(length=8), server_default=sa.text("''"), nullable=False))
    op.add_column('api_tokens', sa.Column('last_used_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('api_tokens', sa.Column('withdrawn_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.create_index(op.f('ix_api_tokens_id'), 'api_tokens', ['id'], unique=False)
    op.add_column('conversations', sa.Column('contact_email', sa.String(length=320), nullable=True))
    op.add_column('conversations', sa.Column('asked_nps', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('customers', sa.Column('nps_asked_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('notes', sa.Column('client_id', sa.String(length=200), nullable=True))
    op.add_column('handoffs', sa.Column('summary_by', sa.String(length=20), server_default='extract', nullable=False))
    op.add_column('handoffs', sa.Column('previous_id', sa.String(length=64), nullable=True))
    op.add_column('handoffs', sa.Column('team_id', sa.String(length=64), nullable=True))
    op.add_column('handoffs', sa.Column('assigned_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('handoffs', sa.Column('resolve_due_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('handoffs', sa.Column('section', sa.String(length=300), nullable=True))
    op.add_column('handoffs', sa.Column('rises_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('handoffs', sa.Column('overdue_told_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('handoffs', sa.Column('snoozed_until', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('handoffs', sa.Column('last_customer_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('handoffs', sa.Column('last_agent_at', help_center.database.UtcTime(timezone=True), nullable=True))
    op.add_column('handoffs', sa.Column('outcome_article_id', sa.String(length=300), nullable=True))
    op.create_index('ix_handoffs_newest', 'handoffs', ['created_at', 'id'], unique=False)
    op.create_index(op.f('ix_handoffs_snoozed_until'), 'handoffs', ['snoozed_until'], unique=False)
    op.create_index('ix_handoffs_status_newest', 'handoffs', ['status', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_handoffs_team_id'), 'handoffs', ['team_id'], unique=False)
    op.execute("UPDATE api_tokens SET id = 'token_' || substr(hash, 1, 32)")


def downgrade() -> None:
    op.drop_index(op.f('ix_handoffs_team_id'), table_name='handoffs')
    op.drop_index('ix_handoffs_status_newest', table_name='handoffs')
    op.drop_index(op.f('ix_handoffs_snoozed_until'), table_name='handoffs')
    op.drop_index('ix_handoffs_newest', table_name='handoffs')
    op.drop_column('notes', 'client_id')
    op.drop_column('handoffs', 'outcome_article_id')
    op.drop_column('handoffs', 'last_agent_at')
    op.drop_column('handoffs', 'last_customer_at')
    op.drop_column('handoffs', 'snoozed_until')
    op.drop_column('handoffs', 'overdue_told_at')
    op.drop_column('handoffs', 'rises_at')
    op.drop_column('handoffs', 'section')
    op.drop_column('handoffs', 'resolve_due_at')
    op.drop_column('handoffs', 'assigned_at')
    op.drop_column('handoffs', 'team_id')
    op.drop_column('handoffs', 'previous_id')
    op.drop_column('handoffs', 'summary_by')
    op.drop_column('customers', 'nps_asked_at')
    op.drop_column('conversations', 'asked_nps')
    op.drop_column('conversations', 'contact_email')
    op.drop_index(op.f('ix_api_tokens_id'), table_name='api_tokens')
    op.drop_column('api_tokens', 'withdrawn_at')
    op.drop_column('api_tokens', 'last_used_at')
    op.drop_column('api_tokens', 'hint')
    op.drop_column('api_tokens', 'name')
    op.drop_column('api_tokens', 'id')
    op.drop_column('agents', 'last_given_at')
    op.drop_column('agents', 'last_seen_at')
    op.drop_column('agents', 'deactivated_at')
    op.drop_column('agents', 'notify')
    op.drop_column('agents', 'available')
    op.drop_column('agents', 'capacity')
    op.drop_column('agents', 'sections')
    op.drop_column('agents', 'languages')
    op.drop_index(op.f('ix_mentions_handoff_id'), table_name='mentions')
    op.drop_index(op.f('ix_mentions_agent_id'), table_name='mentions')
    op.drop_table('mentions')
    op.drop_index(op.f('ix_presence_until'), table_name='presence')
    op.drop_table('presence')
    op.drop_index(op.f('ix_held_replies_send_at'), table_name='held_replies')
    op.drop_table('held_replies')
    op.drop_index(op.f('ix_drafts_handoff_id'), table_name='drafts')
    op.drop_table('drafts')
    op.drop_index(op.f('ix_conversation_labels_label'), table_name='conversation_labels')
    op.drop_table('conversation_labels')
    op.drop_index(op.f('ix_team_members_agent_id'), table_name='team_members')
    op.drop_table('team_members')
    op.drop_table('webhooks')
    op.drop_table('teams')
    op.drop_table('sign_in_tries')
    op.drop_index('ix_deliveries_due', table_name='deliveries')
    op.drop_index(op.f('ix_deliveries_conversation_id'), table_name='deliveries')
    op.drop_index(op.f('ix_deliveries_created_at'), table_name='deliveries')
    op.drop_table('deliveries')
    op.drop_table('canned_replies')
    op.drop_index(op.f('ix_audit_log_subject'), table_name='audit_log')
    op.drop_index('ix_audit_log_at', table_name='audit_log')
    op.drop_index(op.f('ix_audit_log_actor_id'), table_name='audit_log')
    op.drop_index(op.f('ix_audit_log_action'), table_name='audit_log')
    op.drop_table('audit_log')
