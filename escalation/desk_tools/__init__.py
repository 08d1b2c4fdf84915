"""What agents work with beside the steps: labels, canned replies, drafts, presence, mentions, article drafts, many at once.

One file for each, with its routes; `doors` puts them together.
"""
