"""Where the last words of an HTML page end, and which tags are still open there."""

from mail.html_tokens import Kind, Token, tokens
from mail.open_tags import VOID, OpenTags


def end_of(page: str) -> tuple[int, tuple[str, ...]]:
    """Return where something can be added, and the names of the tags open there, innermost first.

    It is before the last `</body>`, or `</html>`, that is one; else the page's end, or where a comment or a
    style begins that never ends.
    """
    ends: dict[str, tuple[int, tuple[str, ...]]] = {}
    tags: OpenTags[Token] = OpenTags(lambda tag: tag.name)
    at, before = 0, 0
    for token in tokens(page):
        match token.kind:
            case Kind.TAG:
                for _ in tags.ended_by_start(token.name):
                    pass
                if token.name not in VOID and not (token.name in ("html", "body") and tags.holds(token.name)):
                    tags.push(token)
            case Kind.END if token.name in ("html", "body"):
                ends[token.name] = (token.start, _names(tags))
            case Kind.END:
                for _ in tags.ended_by_end(token.name):
                    pass
            case Kind.RAW | Kind.WORDS if token.end == len(page):
                at = before
                tags.pop()
                break
            case Kind.COMMENT if token.end == len(page) and _never_ends(token):
                break
            case _:
                pass
        before, at = token.start, token.end
    return ends.get("body") or ends.get("html") or (at, _names(tags))


def _never_ends(comment: Token) -> bool:
    if comment.raw.startswith("<!--"):
        return not comment.raw.endswith(("-->", "--!>")) and comment.raw not in ("<!-->", "<!--->")
    return not comment.raw.endswith(">")


def _names(tags: OpenTags[Token]) -> tuple[str, ...]:
    return tuple(tag.name for tag in reversed(tags.stack) if tag.name not in ("html", "body"))
