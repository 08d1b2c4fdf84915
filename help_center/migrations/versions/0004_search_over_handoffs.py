"""search over handoffs: their documents and the engine's index over them; indexes for long pasts"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


revision = '0004'
down_revision = '0003'

SQLITE_INDEX = (
    """CREATE VIRTUAL TABLE handoff_terms USING fts5(
        terms, content='handoff_documents', content_rowid='number', tokenize="ascii tokenchars '-._@+/=%~'",
        detail=none, columnsize=0, prefix='1 2 3')""",
    """CREATE TRIGGER handoff_documents_added AFTER INSERT ON handoff_documents WHEN new.terms IS NOT NULL BEGIN
        INSERT INTO handoff_terms(rowid, terms) VALUES (new.number, new.terms); END""",
    """CREATE TRIGGER handoff_documents_gone AFTER DELETE ON handoff_documents WHEN old.terms IS NOT NULL BEGIN
        INSERT INTO handoff_terms(handoff_terms, rowid, terms) VALUES ('delete', old.number, old.terms); END""",
    """CREATE TRIGGER handoff_documents_changed AFTER UPDATE OF terms ON handoff_documents BEGIN
        INSERT INTO handoff_terms(handoff_terms, rowid, terms) SELECT 'delete', old.number, old.terms WHERE old.terms IS NOT NULL;
        INSERT INTO handoff_terms(rowid, terms) SELECT new.number, new.terms WHERE new.terms IS NOT NULL; END""",
)
OPEN = sa.text("status <> 'resolved' AND status <> 'returned'")
UNREAD = sa.text('terms IS NULL')
CLAIMED = sa.text('claimed_at IS NOT NULL')


def upgrade() -> None:
    op.create_table('handoff_documents',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('handoff_id', sa.String(length=64), nullable=False),
    sa.Column('terms', sa.Text().with_variant(postgresql.TSVECTOR(), 'postgresql'), nullable=True),
    sa.ForeignKeyConstraint(['handoff_id'], ['handoffs.id'], name=op.f('fk_handoff_documents_handoff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_handoff_documents')),
    sa.UniqueConstraint('handoff_id', name=op.f('uq_handoff_documents_handoff_id')),
    sqlite_autoincrement=True
    )
    # what is there gets its number now, and its terms from a job: reading a million conversations takes a while
    op.execute('INSERT INTO handoff_documents (number, handoff_id) SELECT row_number() OVER (ORDER BY created_at, id), id FROM handoffs')
    op.create_index('ix_handoff_documents_unread', 'handoff_documents', ['number'], sqlite_where=UNREAD, postgresql_where=UNREAD)
    if op.get_bind().dialect.name == 'sqlite':
        for statement in SQLITE_INDEX:
            op.get_bind().exec_driver_sql(statement)
    else:
        op.create_index('ix_handoff_documents_terms', 'handoff_documents', ['terms'], postgresql_using='gin')
        op.execute("SELECT setval(pg_get_serial_sequence('handoff_documents', 'number'), (SELECT coalesce(max(number), 0) + 1 FROM handoff_documents), false)")
    op.create_index('ix_handoffs_served', 'handoffs', ['rank', 'created_at', 'id'], sqlite_where=OPEN, postgresql_where=OPEN)
    counted = ['first_reply_at', 'due_at', 'resolve_due_at', 'status', 'assignee_id', 'snoozed_until']
    op.create_index('ix_handoffs_counted', 'handoffs', counted, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index('ix_handoffs_claims', 'handoffs', ['team_id', 'id'], sqlite_where=CLAIMED, postgresql_where=CLAIMED)


def downgrade() -> None:
    for name in ('claims', 'counted', 'served'):
        op.drop_index(f'ix_handoffs_{name}', table_name='handoffs')
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TABLE handoff_terms')
    op.drop_table('handoff_documents')
