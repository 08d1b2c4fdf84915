"""translations of one article tied together; the reason of a vote; views and citations of articles"""

from alembic import op
import sqlalchemy as sa
from help_center.database import UtcTime


revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    op.add_column('articles', sa.Column('translation_group', sa.String(length=300), nullable=True))
    op.create_index('ix_articles_translation_group', 'articles', ['translation_group'])
    op.add_column('article_feedback', sa.Column('reason', sa.String(length=20), nullable=True))
    op.create_table('article_views',
    sa.Column('article_id', sa.String(length=300), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('views', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('article_id', 'day', name=op.f('pk_article_views'))
    )
    op.create_table('article_citations',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('article_id', sa.String(length=300), nullable=False),
    sa.Column('created_at', UtcTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_article_citations'))
    )
    op.create_index('ix_article_citations_article', 'article_citations', ['article_id', 'created_at'])


def downgrade() -> None:
    op.drop_table('article_citations')
    op.drop_table('article_views')
    op.drop_column('article_feedback', 'reason')
    op.drop_index('ix_articles_translation_group', table_name='articles')
    op.drop_column('articles', 'translation_group')
