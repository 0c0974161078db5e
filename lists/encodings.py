"""Text in whatever encoding a list was saved, as UTF-8: found where the bytes prove it, told otherwise.

A guess would garble names without anybody noticing, so none is made.
"""

import codecs
from collections.abc import Iterable, Iterator

from lists.content import AS_CSV, UTF_8_MARK, WHAT_A_LIST_IS
from lists.errors import ListError

UTF_8 = "utf-8"
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TELL = "or say which it is with --encoding (list.encoding)"


def named(encoding: str, start: bytes, source: str) -> str:
    """Return the name of the encoding of text that begins with `start`: `encoding` where that is told.

    Raises ListError for a name that is none, and where the text is neither UTF-8 nor UTF-16.
    """
    if encoding:
        try:
            codec = codecs.lookup(encoding)
            "a".encode(codec.name)
        except (LookupError, ValueError, TypeError) as err:
            raise ListError(
                f"{encoding!r} (list.encoding) is no encoding of text: "
                "write utf-8, windows-1252, latin-1, utf-16-le or another of Python's names."
            ) from err
        return codec.name
    if start.startswith(_UTF_16_MARKS):
        return "utf-16"
    head = start[:4096]
    if head.count(0) > len(head) // 10:
        # Of two bytes for a Latin letter the upper one is zero.
        likely = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        raise ListError(
            f"{source} looks like UTF-16 without a byte order mark: {AS_CSV} again, "
            f"or say --encoding {likely} (list.encoding)."
        )
    if sum(byte < 9 or 13 < byte < 32 for byte in head if byte) > len(head) // 20:
        raise ListError(f"{source} is not text: {WHAT_A_LIST_IS}.")
    return UTF_8


def as_utf8(blocks: Iterable[bytes], encoding: str, source: str) -> Iterator[bytes]:
    """Yield text as UTF-8 without a byte order mark.

    Raises ListError, naming the line, where a byte is not of the encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    first, lines = True, 1
    for block, last in _with_end(blocks):
        if encoding == UTF_8:
            if first:
                block = block.removeprefix(UTF_8_MARK)
            # What is ASCII from end to end needs no look at each letter.
            if not (block.isascii() and decoder.getstate()[0] == b""):
                _decoded(decoder, block, last, lines, encoding, source)
        else:
            text = _decoded(decoder, block, last, lines, encoding, source)
            block = (text.removeprefix("\ufeff") if first else text).encode(errors="surrogatepass")
        first = False
        lines += block.count(b"\n")
        yield block


def _with_end(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for block in blocks:
        yield block, False
    yield b"", True


def _decoded(
    decoder: codecs.IncrementalDecoder, block: bytes, last: bool, lines: int, encoding: str, source: str
) -> str:
    kept = decoder.getstate()[0]
    try:
        return decoder.decode(block, last)
    except UnicodeDecodeError as err:
        raise ListError(_refusal(err, (kept + block), last, lines, encoding, source)) from err
    except UnicodeError as err:
        raise ListError(f"{source} is cut off or damaged as {encoding}: {AS_CSV} again.") from err


def _refusal(err: UnicodeDecodeError, text: bytes, last: bool, lines: int, encoding: str, source: str) -> str:
    if encoding.startswith("utf-16"):
        return f"{source} begins as UTF-16 but is cut off or damaged: {AS_CSV} again."
    line = lines + text.count(b"\n", 0, err.start)
    where = f"{source}, line {line}, is not {encoding.upper()}"
    if encoding != UTF_8:
        return f"{where}: {AS_CSV} again, {_TELL}."
    if last:
        return f"{where}: it is cut off in the middle of a letter; copy it again."
    byte = text[err.start : err.start + 1]
    shown = byte.decode("windows-1252", errors="ignore")
    seen = f" (byte {byte.hex().upper()}" + (
        f" would be {shown!r} there)" if shown.isprintable() and shown else ")"
    )
    return f"{where}; it may be Latin-1 or Windows-1252{seen}: {AS_CSV} again, {_TELL}."
