"""Forty newsletters of kinds that people send: ten layouts, each in four looks. All words and colours are made up."""

# ruff: noqa: E501

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from test_single_html import PICTURE

WORDS = (
    "The new shelf is in: four crime novels, two of them signed, and a walk along the harbour with their "
    "authors on Saturday. Bring a friend and good shoes; tea is on us."
)
HEBREW = "המדף החדש כאן: ארבעה ספרי מתח וסיור לאורך הנמל ביום שבת."


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours, letters and measures of a look."""

    page: str
    card: str
    ink: str
    brand: str
    font: str
    width: int
    radius: int


THEMES = (
    Theme("#f4f4f4", "#ffffff", "#333333", "#0b5cab", "Arial, Helvetica, sans-serif", 600, 0),
    Theme("#fdf6ec", "#fffaf2", "#3b2f2f", "#a8431f", "Georgia, 'Times New Roman', serif", 640, 8),
    Theme("#101820", "#1b2733", "#e6edf3", "#f2aa4c", "'Segoe UI', Tahoma, Verdana, sans-serif", 580, 4),
    Theme("#ffffff", "#eef7f1", "#1d3b2a", "#1b7f4d", "'Trebuchet MS', 'Lucida Grande', sans-serif", 560, 16),
)


def hybrid(t: Theme) -> str:
    """A fluid table with a ghost table for Outlook and a button that works everywhere."""
    return f"""<html lang="en"><head><meta name="viewport" content="width=device-width,initial-scale=1">
<title>News</title><style>
body, table, td, a {{ -webkit-text-size-adjust:100%; -ms-text-size-adjust:100% }}
table, td {{ mso-table-lspace:0pt; mso-table-rspace:0pt }}
img {{ -ms-interpolation-mode:bicubic; border:0; height:auto; line-height:100%; text-decoration:none }}
body {{ margin:0 !important; padding:0 !important; width:100% !important; height:100% !important }}
a[x-apple-data-detectors] {{ color:inherit !important; text-decoration:none !important }}
@media screen and (max-width: 620px) {{ .full {{ width:100% !important; max-width:100% !important }}
  .pad {{ padding:12px !important }} h1 {{ font-size:22px !important }} }}
</style></head><body style="background-color:{t.page}">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px">A walk on Saturday</div>
<table role="presentation" border="0" cellpadding="0" cellspacing="0" width="100%"><tr><td align="center" bgcolor="{t.page}">
<!--[if mso]><table width="{t.width}"><tr><td><![endif]-->
<table class="full" border="0" cellpadding="0" cellspacing="0" width="100%" style="max-width:{t.width}px"><tr>
<td class="pad" align="left" bgcolor="{t.card}" style="padding:30px;font-family:{t.font};font-size:16px;line-height:24px;color:{t.ink}">
<img src="{PICTURE}" alt="Shelf" width="200" height="40" style="display:block"><h1 style="margin:20px 0;font-size:28px">Hello</h1>
<p style="margin:0 0 16px">{WORDS}</p><table border="0" cellspacing="0" cellpadding="0"><tr>
<td align="center" bgcolor="{t.brand}" style="border-radius:{t.radius}px"><a href="https://shop.example/walk" target="_blank"
style="font-size:16px;font-family:{t.font};color:#ffffff;text-decoration:none;border-radius:{t.radius}px;padding:12px 24px;
border:1px solid {t.brand};display:inline-block">Book a place</a></td></tr></table></td></tr></table>
<!--[if mso]></td></tr></table><![endif]--></td></tr></table></body></html>"""


def columns(t: Theme) -> str:
    """Sections of divs with tables in them, and columns that stand side by side where there is room."""
    column = f"""<div class="col-50" style="font-size:0px;text-align:left;direction:ltr;display:inline-block;vertical-align:top;width:100%">
<table border="0" cellpadding="0" cellspacing="0" role="presentation" style="vertical-align:top" width="100%"><tbody><tr>
<td align="center" style="font-size:0px;padding:10px 25px;word-break:break-word"><img height="90" src="{PICTURE}"
style="border:0;display:block;outline:none;text-decoration:none;height:90px;width:100%;font-size:13px" width="200"></td></tr><tr>
<td align="left" style="font-size:0px;padding:10px 25px;word-break:break-word"><div style="font-family:{t.font};font-size:14px;
line-height:1.5;text-align:left;color:{t.ink}">{WORDS}</div></td></tr></tbody></table></div>"""
    return f"""<!doctype html><html><head><title></title><meta name="viewport" content="width=device-width, initial-scale=1">
<style type="text/css">#outlook a {{ padding:0; }} body {{ margin:0;padding:0;-webkit-text-size-adjust:100%; }}
table, td {{ border-collapse:collapse;mso-table-lspace:0pt;mso-table-rspace:0pt; }} p {{ display:block;margin:13px 0; }}</style>
<style type="text/css">@media only screen and (min-width:480px) {{ .col-50 {{ width:50% !important; max-width: 50%; }} }}</style>
<style media="screen and (min-width:480px)">.moz-text-html .col-50 {{ width:50% !important; max-width: 50%; }}</style>
</head><body style="word-spacing:normal;background-color:{t.page};"><div style="background-color:{t.page};">
<div style="background:{t.card};background-color:{t.card};margin:0px auto;max-width:{t.width}px;border-radius:{t.radius}px">
<table align="center" border="0" cellpadding="0" cellspacing="0" role="presentation" style="width:100%"><tbody><tr>
<td style="direction:ltr;font-size:0px;padding:20px 0;text-align:center;">{column}{column}</td></tr></tbody></table></div></div>
</body></html>"""


def letter(t: Theme) -> str:
    """A letter with hardly any style."""
    return f"""<div style="font-family:{t.font};color:#222222"><p>Dear reader,</p><p>{WORDS}</p>
<blockquote style="margin:0 0 0 .8ex;border-left:1px solid #cccccc;padding-left:1ex">{WORDS}</blockquote>
<ul><li>Friday: <b>reading</b></li><li>Saturday: <i>walk</i></li></ul><ol start="3"><li>Bring shoes</li></ol>
<p>Yours,<br><a href="https://shop.example">Bright Books</a></p><hr><small>1 High Street</small><pre>  kept   blanks</pre></div>"""


def dark(t: Theme) -> str:
    """Another look where the reader's machine is dark."""
    return f"""<html><head><style>
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
body {{ margin:0; background:{t.page}; font-family:{t.font}; }}
.card {{ background:{t.card}; color:{t.ink}; padding:24px; margin:24px auto; max-width:{t.width}px; border-radius:{t.radius}px;
 border-top:4px solid {t.brand}; }} .card h2 {{ margin-top:0; }} .hide {{ display:none; }}
@media (prefers-color-scheme: dark) {{ body, .page {{ background:#000000 !important; }} .card {{ background:#222222 !important;
 color:#eeeeee !important; }} .hide {{ display:block !important; }} .card a {{ color:#88bbff !important; }} }}
[data-ogsc] .card {{ color:#eeeeee !important; }}
</style></head><body class="body"><div class="page"><div class="card"><h2>Tonight</h2><p>{WORDS}</p>
<p class="hide">For the night.</p><a href="https://shop.example" style="color:{t.brand}">Read on</a></div></div></body></html>"""


def inline_only(t: Theme) -> str:
    """All styles in the tags, as where style sheets are taken out."""
    rows = "".join(
        f'<tr><td width="120" valign="top" style="padding:8px"><img src="{PICTURE}" width="104" height="{60 + 20 * n}" '
        f'style="display:block;border-radius:{t.radius}px" alt=""></td><td valign="middle" style="padding:8px;font:14px/20px {t.font};'
        f'color:{t.ink};border-bottom:1px dotted {t.brand}"><b style="font-size:16px">Book {n}</b><br>{WORDS[: 60 + 20 * n]}</td></tr>'
        for n in range(4)
    )
    return f"""<body bgcolor="{t.page}" style="margin:0;padding:0"><center style="width:100%;background-color:{t.page}">
<table width="{t.width}" cellpadding="0" cellspacing="0" border="0" align="center" style="background:{t.card};margin:20px auto;
box-shadow:0 2px 8px rgba(0,0,0,.2)">{rows}</table></center></body>"""


def right_to_left(t: Theme) -> str:
    """Hebrew, from right to left."""
    return f"""<html dir="rtl" lang="he"><head><style>body {{ margin:0; background:{t.page}; }} td {{ font-family:{t.font}; }}
.b {{ border-right:4px solid {t.brand}; padding-right:12px; color:{t.ink}; letter-spacing:.2px; }}</style></head><body>
<table width="100%" cellpadding="16"><tr><td bgcolor="{t.card}" class="b"><h1 style="font-size:24px">{HEBREW}</h1>
<p style="text-align:right">{HEBREW} {HEBREW}</p><p dir="ltr" align="left">{WORDS}</p><ul><li>{HEBREW}</li></ul></td></tr></table></body></html>"""


def grid(t: Theme) -> str:
    """Three products beside each other that fall below each other, in tables that float."""
    item = f"""<table align="left" width="{(t.width - 48) // 3}" class="item" cellpadding="0" cellspacing="0" style="margin:8px">
<tr><td align="center" style="background-color:{t.card};border:1px solid {t.brand};border-radius:{t.radius}px;padding:10px">
<img src="{PICTURE}" width="120" height="120" alt="Book" style="display:block;width:100%;max-width:120px"><div style="font:bold 15px
{t.font};color:{t.ink};text-transform:uppercase">Novel</div><s style="color:#777777">12.00</s> <strong>9.00</strong></td></tr></table>"""
    return f"""<html><head><style>@media only screen and (max-width:480px) {{ .item {{ width:100% !important; float:none !important;
margin:0 0 12px !important; }} .shop {{ width:94% !important; }} }} a:hover {{ text-decoration:underline; }}
.shop td:first-child {{ vertical-align:top; }} .shop > tbody > tr > td {{ padding:4px; }}</style></head>
<body style="margin:0;background:{t.page}"><table class="shop" width="{t.width}" align="center"><tr><td>{item * 3}</td></tr></table></body></html>"""


def receipt(t: Theme) -> str:
    """An order with sums."""
    lines = "".join(
        f'<tr class="{"odd" if n % 2 else "even"}"><td>Book {n}</td><td class="n">{n}</td><td class="n">{n * 7}.50</td></tr>'
        for n in range(1, 8)
    )
    return f"""<html><head><style>body {{ font:14px/1.4 {t.font}; color:#222222; margin:20px; }} table.order {{ border-collapse:collapse;
width:100%; max-width:{t.width}px; }} .order th {{ text-align:left; background:{t.brand}; color:#ffffff; padding:8px; }}
.order td {{ padding:8px; border-bottom:1px solid #dddddd; }} .n {{ text-align:right !important; }} .odd td {{ background:#f7f7f7; }}
.order tr:last-child td {{ font-weight:bold; }} caption {{ caption-side:bottom; font-size:12px; padding:6px; }}</style></head><body>
<h3>Order 1842</h3><table class="order"><caption>All sums with tax</caption><thead><tr><th>What</th><th class="n">How many</th>
<th class="n">Sum</th></tr></thead><tbody>{lines}</tbody></table></body></html>"""


def old(t: Theme) -> str:
    """HTML as it was written twenty-five years ago."""
    return f"""<HTML><HEAD><TITLE>News</TITLE></HEAD><BODY BGCOLOR="{t.page}" TEXT="{t.brand}" TOPMARGIN=0 LEFTMARGIN=0>
<CENTER><TABLE WIDTH=90% BORDER=1 CELLPADDING=6 CELLSPACING=2 BGCOLOR={t.card}><TR><TD ALIGN=CENTER COLSPAN=2>
<FONT FACE="Verdana" SIZE="+2" COLOR="{t.ink}"><B>Bright Books</B></FONT><TR><TD NOWRAP VALIGN=TOP><FONT SIZE=2>Friday<BR>Saturday
<TD><P ALIGN=RIGHT>{WORDS}<P><BIG>More</BIG> <TT>soon</TT> <STRIKE>never</STRIKE></TABLE></CENTER><DL><DT>Walk<DD>{WORDS}</DL></BODY></HTML>"""


def digest(t: Theme) -> str:
    """A digest with a reset, classes on the page itself and a wide hero."""
    item = f"<li class=item><h4>Chapter</h4><p>{WORDS}</p></li>"
    return f"""<html><head><style>* {{ margin:0; padding:0; box-sizing:border-box; }} .mail {{ background-color:{t.page}; color:{t.ink};
font-family:{t.font}; padding:20px; }} .mail ul {{ list-style:square inside; }} .item {{ padding:14px; background:{t.card};
border-left:6px solid {t.brand}; margin-bottom:14px; border-radius:{t.radius}px; }} .item + .item {{ border-left-color:#999999; }}
.hero {{ background:{t.brand} linear-gradient(90deg, {t.brand} 0%, #555555 100%); color:#ffffff; text-align:center; padding:48px 10px;
text-shadow:0 1px 2px rgba(0,0,0,.5); }} h4 {{ font-size:1.2em; text-decoration:underline; }} p {{ line-height:1.6; }}
@media (max-width:500px) {{ .mail {{ padding:6px; }} .hero {{ padding:20px 4px; }} }}</style></head>
<body class="mail"><div class="hero"><h1>Weekly digest</h1></div><ul>{item * 3}</ul></body></html>"""


LAYOUTS: tuple[Callable[[Theme], str], ...] = (
    *(hybrid, columns, letter, dark, inline_only, right_to_left, grid, receipt, old, digest),
)


def newsletters() -> Iterator[tuple[str, str]]:
    """Yield the name and the HTML of each."""
    for layout in LAYOUTS:
        for number, theme in enumerate(THEMES, 1):
            yield f"{layout.__name__}-{number}", layout(theme)
