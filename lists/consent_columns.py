"""Which columns of a list hold consent, by the names that exports give them, and how their cells are read.

Three kinds exist. An answer says yes or no to mail (`Accepts Email Marketing`, `opt_in`). A refusal says the
same the other way round (`Unsubscribed`, `HasOptedOutOfEmail`, `unsubscribed_at`), so that its yes is a no. A
status (`Status`, `Subscription status`) may be an order's or a plan's as well: only words that can mean
nothing but mail count there. Consent to anything but e-mail (SMS, telephone, post, cookies) is none of these.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from functools import lru_cache

from lists import consent, dates
from lists.consent import Say


class Kind(StrEnum):
    """How the cells of a column of consent are to be read."""

    ANSWER = "answer"
    REFUSAL = "refusal"
    STATUS = "status"


def kind_of(column: str) -> Kind | None:
    """Return what kind of consent a column of this name holds, or None."""
    if len(column) > _LONGEST_NAME:
        return None
    words = _words(column)
    for kind, pattern in _NAMES.items():
        if pattern.fullmatch(words):
            return kind
    return None


def reader(column: str, today: date) -> Callable[[str], Say]:
    """Return how the cells of a list's consent column are read, by the column's name."""
    match kind_of(column):
        case Kind.REFUSAL:
            return lambda cell: _of_refusal(cell, today)
        case Kind.STATUS:
            return lambda cell: Say.YES if consent.plain(cell) in _ACTIVE else consent.say(cell, today)
        case Kind.ANSWER | None:
            return lambda cell: consent.say(cell, today)


def says_no(kind: Kind, cell: str, today: date) -> bool:
    """Tell whether a cell is an explicit no to e-mail, whatever the list is about."""
    match kind:
        case Kind.ANSWER:
            return consent.say(cell, today) is Say.NO
        case Kind.REFUSAL:
            return _of_refusal(cell, today) is Say.NO
        case Kind.STATUS:
            words = _DAY_FOLLOWS.sub("", consent.plain(dates.INSIDE.sub(" ", cell)))
            return words in _LEFT or _LEFT_BECAUSE.match(words) is not None


def _of_refusal(cell: str, today: date) -> Say:
    """Read a cell of a column that names who said no: yes, a day or a mark means that they did."""
    text = cell.strip()
    words = consent.plain(text)
    if not words or words in _BARE_NO:
        return Say.YES
    if words in _BARE_YES:
        return Say.NO
    if written := dates.read(text):
        # A zero date is a system's way to say never.
        happened = any(moment.date() >= dates.FIRST_DAY for moment in written.moments)
        return Say.NO if happened else Say.YES
    return consent.say(cell, today)


@lru_cache(maxsize=1024)
def _words(column: str) -> str:
    """Return a column's name as plain words: of `HasOptedOutOfEmail` and `EMAIL_OPT-IN__c` alike."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.strip())
    letters = unicodedata.normalize("NFKD", apart.replace("ł", "l").replace("Ł", "L").casefold())
    bare = "".join(sign for sign in letters if not unicodedata.combining(sign))
    words = re.sub(r"[\W_]+", " ", bare.replace("'", "")).strip()
    # Salesforce and HubSpot number their own columns, or end them in __c.
    words = re.sub(r"(?: c| \d+)$", "", words)
    return re.sub(r"\be mail", "email", words)


# What is longer is the text of a form at best, and no export's name.
_LONGEST_NAME = 120

# Answers that mean nothing without their question.
_BARE_YES = frozenset(
    """yes y true t 1 1.0 1,0 x on checked selected set ✓ ✔ ☑ ✅ ja j wahr oui vrai si verdadero vero sim
    verdadeiro waar tak prawda ano igen da evet kylla sann да истина ναι はい 是 예 네 כן""".split()  # noqa: SIM905
)
_BARE_NO = frozenset(
    """no n false f 0 0.0 0,0 off never unchecked none null nil na n/a nan - -- — – ✗ ✘ ✖ ❌ ☐ nein falsch non
    faux falso nao nee onwaar nie falsz ne nem nu hayir ei nej nei falskt falsk нет ложь όχι οχι いいえ 否
    아니요 아니오 לא לא""".split()  # noqa: SIM905
)
_ACTIVE = frozenset({"active", "aktiv", "actif", "active subscriber", "activo", "attivo", "ativo", "actief"})
# In a column that is called status, which may be an order's: what is said of mail alone.
_LEFT = frozenset(
    {
        *("unsubscribed", "unsubscribe", "unsub", "unsubbed", "email unsubscribed", "globally unsubscribed"),
        *("global unsubscribe", "opted out", "opt out", "optout", "optedout", "do not email", "do not mail"),
        *(
            "do not contact",
            "do not send",
            "user suppressed",
            "unsubscribed by user",
            "unsubscribed by admin",
        ),
        *("marked as spam", "spam complaint", "complained", "abuse complaint", "blocklisted", "blacklisted"),
        *("abgemeldet", "newsletter abgemeldet", "ausgetragen", "werbung widersprochen"),
        *("desinscrit", "desinscrite", "desabonne", "desabonnee"),
        *("desuscrito", "desuscrita", "no suscrito"),
        *("disiscritto", "disiscritta", "descadastrado", "inscricao cancelada"),
        *("uitgeschreven", "afgemeld", "wypisany", "wypisana", "odhlaseno", "отписан", "отписался"),
    }
)

_LEFT_BECAUSE = re.compile(r"(?:globally |email )?(?:unsubscribed|opted out|do not email)(?: by|:| ?[(,-])")
_DAY_FOLLOWS = re.compile(r" (?:on|at|since|am|seit|le|el|il|em|op)$")

# What is written, as the names of columns say it; then who, and the small words between.
_MAIL = (
    r"(?:emails?|mails?|mailings?|marketing|news ?letters?|news|promotional|promotions?|promo|bulk|"
    r"commercial|"
    r"communications?|campaigns?|updates|offers|messages|direct|infos?|information)"
)
_WHO = (
    r"(?:contact|customer|client|subscriber|user|member|person|people|recipient|profile|buyer|lead|"
    r"billing|my|"
    r"hs|pi|mc|wc|crm|mail ?chimp|woocommerce|klaviyo|hubspot|brevo|sendinblue|automatewoo|shopify|"
    r"sendgrid|is|"
    r"i|we|has|was|been|currently|global|globally|et4ae5)"
)
_SMALL = r"(?:to|of|for|from|in|our|us|your|all|any|the|by|via|receive|receiving|get|getting|and|be|being)"
_BEFORE = rf"(?:(?:{_WHO}|{_MAIL}) )*"
_AFTER = rf"(?: (?:{_MAIL}|{_SMALL}))*"
_AS_STATUS = r"(?: (?:status|state|flag|choice|preference))?"
_WHEN = r"(?: (?:at|on|date|time|timestamp|day|datum|am))?"
_ACCEPTS = (
    r"(?:accept(?:s|ed)?|allow(?:s|ed)?|agree(?:s|d)?|agrees? to|wants?|can|may|receives?|send|gets?|"
    r"accepte|acepta|accetta|aceita|akzeptiert|erlaubt)"
)

_NAMES = {
    Kind.REFUSAL: re.compile(
        "|".join(
            (
                rf"(?:date |time )?{_BEFORE}(?:unsubscribed?|unsub|unsubbed|(?:email)?opt(?:ed)? ?out)"
                rf"{_AFTER}{_AS_STATUS}{_AFTER}{_WHEN}",
                # HubSpot names the kind of mail behind it.
                r"opted out of emails? .*|has ?opted ?out ?of ?email",
                rf"{_BEFORE}do ?not ?(?:bulk ?)?(?:emails?|mail|contact|send|market|message|allow){_AFTER}",
                rf"{_BEFORE}dont (?:email|mail|contact|send){_AFTER}",
                rf"no (?:more )?(?:email|marketing|newsletter|mailing)(?: {_MAIL})*|no contact",
                rf"{_BEFORE}(?:black|block) ?list(?:ed)?{_AFTER}{_WHEN}|{_BEFORE}suppressed{_AFTER}{_WHEN}",
                rf"exclu(?:de|ded|sion) from {_MAIL}(?: {_MAIL})*",
                rf"{_BEFORE}(?:abgemeldet|abmeldung|abbestellt|ausgetragen|austragung){_WHEN}",
                rf"{_BEFORE}(?:werbe|werbungs|newsletter)?(?:sperre|widerspruch)|werbung widersprochen",
                r"keine? (?:werbung|werbe ?mails?|newsletter|emails?|kontakt)|nicht (?:kontaktieren|"
                r"anschreiben)",
                rf"{_BEFORE}(?:desabonnee?|desinscrite?|desinscription|desabonnement|desinscrit e|"
                rf"desabonne e)"
                rf"{_WHEN}|(?:date d)?e? ?(?:desinscription|desabonnement)|ne pas (?:contacter|envoyer)",
                rf"{_BEFORE}(?:desuscrit[oa]|dad[oa] de baja){_WHEN}|no (?:contactar|enviar)",
                rf"{_BEFORE}(?:disiscritt[oa]|disiscrizione|cancellazione iscrizione){_WHEN}|"
                rf"non contattare",
                rf"{_BEFORE}(?:descadastrad[oa]|descadastro){_WHEN}|nao (?:contatar|enviar)",
                rf"{_BEFORE}(?:uitgeschreven|afgemeld|afmelding){_WHEN}|niet (?:mailen|contacteren)",
                rf"{_BEFORE}(?:wypisan[yae]|wypisanie|rezygnacja){_WHEN}|nie kontaktowac",
            )
        )
    ),
    Kind.ANSWER: re.compile(
        "|".join(
            (
                rf"{_BEFORE}(?:double |single )?(?:email)?opt(?:ed)? ?in(?: ?to)?"
                rf"{_AFTER}{_AS_STATUS}{_AFTER}",
                rf"{_BEFORE}subscribed{_AFTER}{_AS_STATUS}",
                rf"{_BEFORE}{_ACCEPTS}(?: (?:{_SMALL}|me|e|les|el|di|"
                rf"le))*(?: {_MAIL})(?: {_MAIL})*(?: from us)?",
                rf"{_BEFORE}can receive{_AFTER}|(?:emails?|marketing|newsletters?) (?:allowed|"
                rf"accepted|permitted|ok)",
                rf"{_BEFORE}(?:gdpr |dsgvo |rgpd |legal )?(?:consent(?:s|ed)?|"
                rf"permission)(?: given)?{_AFTER}{_AS_STATUS}{_AFTER}|{_MAIL} permissions",
                rf"contact me|(?:ok|okay) to (?:be )?(?:contact(?:ed)?|{_MAIL})|(?:email|mail|marketing) ok",
                r"(?:i )?(?:can|may|agrees? to|agreed to|wants to) be (?:contacted|emailed|mailed)",
                r"(?:marketing|promotional|newsletter|promo) (?:emails?|mails?|mailings)|email notifications",
                r"news ?letters?(?: (?:subscription|subscriber|sign ?up|signed up|"
                r"registration))?(?: status)?",
                rf"email marketing{_AS_STATUS}|(?:marketing )?mailing list|marketing preference",
                rf"{_BEFORE}(?:dsgvo |werbe)?(?:einwilligung|zustimmung|einverstandnis|"
                rf"erlaubnis)(?: {_MAIL}| werbung)*",
                r"newsletter ?(?:anmeldung|einwilligung|zustimmung|abo|abonniert|angemeldet|"
                r"bestellt|erlaubt|ja nein)",
                rf"(?:{_MAIL} )*consentement(?: (?:{_MAIL}|rgpd))*|abonnee?(?: (?:a la )?newsletter)?",
                r"inscrite?(?: (?:a la )?newsletter)|(?:infolettre|lettre d ?information)",
                rf"(?:{_MAIL} )*consentimient?o(?: (?:de )?{_MAIL})*|"
                r"(?:suscrit[oa](?: al? (?:boletin|newsletter))?|"
                rf"suscripcion al? boletin|boletin)",
                rf"consenso(?: (?:al |privacy |gdpr )?(?:{_MAIL}|privacy))*|iscritt[oa] (?:alla )?newsletter",
                r"toestemming(?: (?:nieuwsbrief|marketing|emails?))*|nieuwsbrief",
                rf"zgoda(?: (?:na |marketingowa|{_MAIL}))*|zapisan[yae] (?:na |do )?newsletter(?:a)?",
            )
        )
    ),
    Kind.STATUS: re.compile(
        rf"{_BEFORE}(?:list |subscription |subscriber |subscribers |abo |abonnement )*(?:status|"
        r"state|statut|estado|stato|stan|stav|preferences?)(?: global)?|global status"
        r"|marketing contact status|subscription|abo|abonnement|suscripcion|inscricao"
    ),
}
