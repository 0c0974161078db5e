"""How an attack ends: with a sentence of figures, or by one of these."""


class Fell(Exception):
    """The product did not hold; the sentence says in what."""


class TooSlow(Fell):
    """The others waited for too long, which may be the fault of whatever else keeps the machine busy."""


class LeftOut(Exception):
    """The attack cannot be made here; the sentence says why."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Fell(what)
