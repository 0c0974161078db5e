"""Which texts may be composed in the process that asks, and which only in one that can be left.

Composing takes time and memory that grow with a text's letters and tags. A short text with few tags is
composed within some hundredths of a second, whatever it says, so that no other process has to be asked for
it; the rest is bounded by that process's limits. `tests/mail/test_harmless.py` holds this to its word.
"""

# As many letters as ten pages of print hold, and as many tags as a page with a table has.
MAX_CHARACTERS = 20_000
MAX_TAGS = 800


def is_harmless(text: str) -> bool:
    """Tell whether composing the text takes next to nothing; it costs less to tell than to read it."""
    return len(text) <= MAX_CHARACTERS and text.count("<") <= MAX_TAGS
