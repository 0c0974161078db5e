"""How other mail systems write their merge tags: one table of patterns, by system.

A pattern's groups are `name`, the field that it asks for, and `fallback`, what stands in where that is empty.
Sources: the merge-tag pages of the systems that are named.
"""

import re
from enum import StrEnum


class Form(StrEnum):
    """Whether what looks like a tag is one: always, or with the name of a field, or of a person or column."""

    CERTAIN = "certain"
    FIELD = "field"
    PERSON = "person"


_N = r"(?P<name>[A-Za-z_][\w.:-]{0,60})"
_SPACED = r"(?P<name>[A-Za-z_][\w.: -]{0,60}?)"
_PERSON = r"(?P<name>(?i:f_?name|l_?name|(?:first|last|full|given|sur)[_ -]?name|vorname|nachname|pr[ée]nom))"
_REST = (
    r"(?:\s*(?:,\s*fallback=|\|\s*(?:default[:=]?\s*)?|:|/|\bOR\b|,)\s*(?P<fallback>[^\[\]{}%\n|]{0,60}))?"
)

# What system it is, how it is written, and whether that can be nothing else.
FORMS = tuple(
    (system, re.compile(pattern), form)
    for system, pattern, form in (
        ("Mailchimp", r"\*(?:\||%7C)(?P<name>[A-Za-z][\w:;=,. %-]{0,60}?)(?:\||%7C)\*", Form.CERTAIN),
        ("Salesforce Marketing Cloud", r"%%=[^\n]{1,200}?=%%|%%\[.{1,400}?\]%%", Form.CERTAIN),
        ("Salesforce Marketing Cloud", rf"(?<![\w%])%%{_SPACED}%%(?![\w%])", Form.CERTAIN),
        ("GetResponse or Mailjet", rf"\[\[{_N}{_REST}\]\]", Form.CERTAIN),
        ("MailerLite", rf"\{{\${_N}{_REST}\}}(?!\}})", Form.CERTAIN),
        ("Salesforce or AWeber", rf"\{{!\$?{_SPACED}{_REST}\}}", Form.CERTAIN),
        ("a JavaScript or Responsys template", rf"\$\{{{_N}{_REST}(?:\(\))?\}}", Form.CERTAIN),
        ("Zoho", rf"\$\[{_SPACED}(?:\|(?P<fallback>[^\]|]*))?(?:\|[^\]]*)?\]\$", Form.CERTAIN),
        (
            "an ERB or Adobe Campaign template",
            r"<%[=@-]?\s*(?P<name>[A-Za-z_@][\w.]*)[^<>%]{0,120}%>",
            Form.CERTAIN,
        ),
        ("Mailgun", r"%(?:recipient|subscriber|contact|customer)[._](?P<name>[A-Za-z][\w.]*)%", Form.CERTAIN),
        (
            "Campaign Monitor",
            r"\[(?P<name>[A-Za-z][\w ]{0,40}),\s*fallback=(?P<fallback>[^\]\n]*)\]",
            Form.CERTAIN,
        ),
        (
            "MailPoet or Benchmark",
            rf"\[(?:subscriber|contact_attribute|contact|recipient|member|newsletter):{_N}{_REST}\]",
            Form.CERTAIN,
        ),
        ("Emma", r"\[%\s+(?P<name>[A-Za-z][\w:.]*)[^%\]\n]{0,60}\s%\]", Form.CERTAIN),
        ("Moosend", r"#recipient:(?P<name>[A-Za-z][\w ]{0,40})#", Form.CERTAIN),
        ("Mautic", r"\{contactfield=(?P<name>[\w-]+)(?:\|(?P<fallback>[^{}]*))?\}", Form.CERTAIN),
        ("Keap", r"~(?:Contact|Company|Owner)\.(?P<name>\w+)~", Form.CERTAIN),
        (
            "ActiveCampaign or Brevo",
            rf"(?<![\w%])%{_SPACED}(?:\|(?P<fallback>[^%|\n]{{0,40}}))?%(?![\w%])",
            Form.FIELD,
        ),
        ("SendGrid", r"(?<![\w-])-(?P<name>[A-Za-z_]\w{0,40})-(?![\w-])", Form.PERSON),
        (
            "a mail merge",
            r"(?<![\w#$~@])(?P<sign>##|\$\$|~~|@@)(?P<name>[A-Za-z]\w{0,40})(?P=sign)",
            Form.FIELD,
        ),
        ("a mail merge", r"(?<![\w#&])#(?P<name>[A-Za-z][\w ]{0,40}?)#(?![\w#])", Form.FIELD),
        ("Dotdigital", r"(?<![\w@.])@(?P<name>[A-Za-z]\w{0,40})@(?![\w@])", Form.FIELD),
        ("Responsys", r"(?<![\w$])\$(?P<name>[A-Za-z]\w{0,40})\$(?![\w$])", Form.FIELD),
        ("Inxmail", r"\[%(?P<name>[A-Za-z]\w*)\]", Form.FIELD),
        ("CleverReach", r"(?<![{$#%])\{(?P<name>[A-Za-z][\w ]{0,40})\}(?!\})", Form.FIELD),
        (
            "a mail merge",
            rf"(?<!\[)\[{_PERSON}\](?!\])|<<\s*{_PERSON.replace('name>', 'other>')}\s*>>",
            Form.CERTAIN,
        ),
        (
            "a mail merge",
            rf"«\s*{_PERSON}\s*»|\(\(\s*{_PERSON.replace('name>', 'other>')}\s*\)\)",
            Form.CERTAIN,
        ),
        (
            "iContact or Sendy",
            r"(?<![\[\w])\[(?P<name>[A-Za-z]\w*_\w+|[A-Z][A-Z0-9]+|[Ff]name|[Ll]name|[Ff]irstname)"
            r"(?:\|(?P<fallback>[^\]|\n]{0,40}))?\](?![\](])",
            Form.FIELD,
        ),
        ("a mail merge", r"(?<!<)<(?P<name>[A-Za-z]\w*_?[Nn]ame)>(?!>)", Form.PERSON),
    )
)
BRACES = tuple(
    (system, re.compile(pattern))
    for system, pattern in (
        ("Handlebars", r"\{\{\{+\s*(?P<name>[A-Za-z_][\w. -]*?)\s*\}\}\}+"),
        ("Braze", r"\{\{\s*\$\{(?P<name>[\w.]+)[^}]*\}[^{}]*\}\}"),
        ("Handlebars", r"\{\{~?\s*[#/^>&!]\s*(?P<name>[\w. @-]*?)[^{}\w]*\}\}"),
        ("a Go template", r"\{\{-?\s*\.(?P<name>[\w.]+)[^{}]*\}\}"),
        ("Mailjet", r"\{\{\s*(?:var|data):(?P<name>[\w.]+)(?::(?P<fallback>[^{}]*))?\}\}"),
        (
            "Marketo",
            r"\{\{\s*(?:lead|my|company|system|member)\.(?P<name>[\w. ]+?)"
            r"(?::default=(?P<fallback>[^{}]*))?\s*\}\}",
        ),
        ("Klaviyo or Django", r"\{\{\s*(?P<name>[\w.]+)\s*\|\s*default\s*:\s*(?P<fallback>[^{}|]*?)\s*\}\}"),
        (
            "a mail merge",
            r"\{\{\s*(?P<name>(?!(?:not|if)\b)[A-Za-z]\w*"
            r"(?: (?!(?:if|else|or|and|not|in|is)\b)[A-Za-z]\w*){1,3})\s*\}\}",
        ),
        ("another system", r"\{%-?\s*(?P<statement>[A-Za-z_]\w*)[^%{}]*%\}"),
    )
)  # fmt: skip
# Statements of Jinja's own.
STATEMENTS = frozenset(
    """for endfor if elif else endif set endset with endwith macro endmacro call endcall filter endfilter
    block endblock raw endraw autoescape endautoescape include extends import from""".split()  # noqa: SIM905
)
# Objects that other systems keep a recipient's fields in: `{{ contact.FIRSTNAME }}`.
OBJECTS = frozenset(
    """contact person subscriber customer user recipient lead profile params account attributes merge_fields
    fields data event personalization""".split()  # noqa: SIM905
)
# Tags that Campaign Monitor takes for its own, in angle brackets as HTML's are.
ELEMENTS = frozenset(
    """unsubscribe webversion preferences forwardtoafriend currentday currentdayname currentmonth
    currentmonthname currentyear firstname first_name fname lastname last_name fullname""".split()  # noqa: SIM905
)
