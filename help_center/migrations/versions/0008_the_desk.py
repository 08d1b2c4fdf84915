"""the desk where articles are written: versions, drafts, redirects, appointments, places of sections, translations"""

from alembic import op
import sqlalchemy as sa
import help_center.database


revision = '0008'
down_revision = '0007'


def upgrade() -> None:
    UtcTime = help_center.database.UtcTime(timezone=True)
    op.create_table('article_versions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.String(length=300), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('at', UtcTime, nullable=False),
    sa.Column('by_id', sa.String(length=64), nullable=True),
    sa.Column('by', sa.String(length=320), nullable=True),
    sa.Column('why', sa.String(length=20), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_article_versions')),
    sa.UniqueConstraint('article_id', 'number', name=op.f('uq_article_versions_article_id'))
    )
    op.create_table('article_drafts',
    sa.Column('article_id', sa.String(length=300), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('based_on', sa.Integer(), nullable=False),
    sa.Column('at', UtcTime, nullable=False),
    sa.Column('by_id', sa.String(length=64), nullable=True),
    sa.Column('by', sa.String(length=320), nullable=True),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_article_drafts_article_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('article_id', name=op.f('pk_article_drafts'))
    )
    op.create_table('article_redirects',
    sa.Column('slug', sa.String(length=120), nullable=False),
    sa.Column('article_id', sa.String(length=300), nullable=False),
    sa.Column('at', UtcTime, nullable=False),
    sa.Column('by', sa.String(length=320), nullable=True),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_article_redirects_article_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('slug', name=op.f('pk_article_redirects'))
    )
    op.create_index(op.f('ix_article_redirects_article_id'), 'article_redirects', ['article_id'], unique=False)
    op.create_table('article_appointments',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('article_id', sa.String(length=300), nullable=False),
    sa.Column('deed', sa.String(length=20), nullable=False),
    sa.Column('at', UtcTime, nullable=False),
    sa.Column('zone', sa.String(length=64), nullable=False),
    sa.Column('by_id', sa.String(length=64), nullable=True),
    sa.Column('by', sa.String(length=320), nullable=True),
    sa.Column('created_at', UtcTime, nullable=False),
    sa.Column('done_at', UtcTime, nullable=True),
    sa.Column('indexed_at', UtcTime, nullable=True),
    sa.Column('fault', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_article_appointments_article_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_article_appointments'))
    )
    op.create_index('ix_article_appointments_due', 'article_appointments', ['done_at', 'at'], unique=False)
    op.create_index(op.f('ix_article_appointments_article_id'), 'article_appointments', ['article_id'], unique=False)
    op.create_table('section_places',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('names', sa.JSON(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_section_places'))
    )
    op.create_table('translation_marks',
    sa.Column('article_id', sa.String(length=300), nullable=False),
    sa.Column('original_id', sa.String(length=300), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('at', UtcTime, nullable=False),
    sa.Column('by', sa.String(length=320), nullable=True),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_translation_marks_article_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['original_id'], ['articles.id'], name=op.f('fk_translation_marks_original_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('article_id', name=op.f('pk_translation_marks'))
    )
    op.create_index(op.f('ix_translation_marks_original_id'), 'translation_marks', ['original_id'], unique=False)
    with op.batch_alter_table('articles') as table:
        table.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default=sa.text('1')))
        table.add_column(sa.Column('version_at', UtcTime, nullable=True))
        table.add_column(sa.Column('version_by_id', sa.String(length=64), nullable=True))
        table.add_column(sa.Column('version_by', sa.String(length=320), nullable=True))
        table.add_column(sa.Column('version_why', sa.String(length=20), nullable=False, server_default=sa.text("'import'")))
        table.add_column(sa.Column('position', sa.Integer(), nullable=True))
        table.add_column(sa.Column('taken_over', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute('UPDATE articles SET version_at = updated_at')
    # the desk's list asks for what was changed last
    op.create_index('ix_articles_version_at', 'articles', ['version_at', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_articles_version_at', table_name='articles')
    with op.batch_alter_table('articles') as table:
        for name in ('taken_over', 'position', 'version_why', 'version_by', 'version_by_id', 'version_at', 'version'):
            table.drop_column(name)
    for name in ('translation_marks', 'section_places', 'article_appointments', 'article_redirects', 'article_drafts', 'article_versions'):
        op.drop_table(name)
