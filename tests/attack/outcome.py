"""How an attack ends: with a sentence of figures, or by one of these."""


class Fell(Exception):
    """The product did not hold; the sentence says in what."""


class TooSlow(Fell):
    """The others waited for too long, which on a machine that is busy with something else may be its fault."""


class LeftOut(Exception):
    """The attack cannot be made here; the sentence says why."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Fell(what)
