"""An edited campaign file after its campaign was enqueued: what of it holds, and what is refused.

One table names every key (mail.amendment_rules). What may change is changed in the ledger and noted in the
campaign's history; what may not is refused with both values. So a run never goes by one half of a file and
another half of the ledger.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import assert_never

from pydantic import BaseModel
from sqlalchemy import Connection

from ledger import campaigns, definitions
from ledger.campaigns import Campaign as StoredCampaign
from ledger.engine import Ledger
from ledger.errors import CampaignConflict
from mail.amendment_rules import LOOSER, RULES, Rule
from mail.campaign_file import Campaign
from mail.errors import CampaignFileError
from mail.policy import HaltRules


@dataclass(frozen=True, slots=True)
class Amendment:
    """A key of the campaign file that is not what it was when the campaign was enqueued."""

    key: str
    before: object
    after: object

    @property
    def sentence(self) -> str:
        """The change in words without an end."""
        return f"`{self.key}` from {_shown(self.before)} to {_shown(self.after)}"


def check(ledger: Ledger, campaign: Campaign) -> tuple[Amendment, ...]:
    """Return what of the file would be taken over by the campaign of its name; nothing is written.

    Raises CampaignFileError, or CampaignConflict for the content, naming the key and both values where
    something may not change, or halts later than before.
    """
    with ledger.reading() as connection:
        stored = campaigns.find(connection, campaign.name)
    return () if stored is None else _allowed(stored, campaign, by_a_person=False)


def take_over(ledger: Ledger, campaign: Campaign) -> tuple[Amendment, ...]:
    """Let what may change hold from now on, and note it in the campaign's history; return it.

    Raises as `check` does. A campaign that is not enqueued yet has nothing to change.
    """
    with ledger.writing() as connection:
        stored = campaigns.find(connection, campaign.name)
        return () if stored is None else _take_over(connection, stored, campaign, by="send", reason="")


def decide(ledger: Ledger, campaign: Campaign, *, by: str, reason: str) -> tuple[Amendment, ...]:
    """Do the same on a person's word, who may also let the campaign halt later than before.

    Raises CampaignNotFound where it is not enqueued yet.
    """
    with ledger.writing() as connection:
        stored = campaigns.get(connection, campaign.name)
        return _take_over(connection, stored, campaign, by=by, reason=reason)


def _take_over(
    connection: Connection, stored: StoredCampaign, campaign: Campaign, *, by: str, reason: str
) -> tuple[Amendment, ...]:
    locked = campaigns.lock(connection, stored.id)
    before = Campaign.model_validate(locked.definition)
    found = _allowed(locked, campaign, by_a_person=bool(reason))
    now = campaign.model_copy(
        update={
            "html": _still_there(before.html, campaign.html),
            "text": _still_there(before.text, campaign.text),
            "list": before.list,
            "hygiene": before.hygiene,
            "timezone": before.timezone,
        }
    )
    if now == before:
        return ()
    definitions.change(connection, locked, now.model_dump(mode="json"))
    if found:
        what = ", ".join(each.sentence for each in found)
        why = f"{reason} ({what})" if reason else f"the campaign file has changed: {what}"
        campaigns.remark(connection, locked, by=by, reason=why)
    return found


def _allowed(stored: StoredCampaign, campaign: Campaign, *, by_a_person: bool) -> tuple[Amendment, ...]:
    """Return what is to be taken over. Raises CampaignFileError or CampaignConflict."""
    before = Campaign.model_validate(stored.definition)
    found = []
    for each in differences(before, campaign):
        match RULES.get(each.key, Rule.FIXED):
            case Rule.TAKEN | Rule.STRICTER:
                found.append(each)
            case Rule.MOVED if bool(each.before) == bool(each.after):
                pass
            case Rule.SAME_SCOPE if before.list.scope == campaign.list.scope:
                pass
            case Rule.SAME_CONSENT if "confirmed" not in (each.before, each.after):
                pass
            case Rule.KEPT:
                pass
            case Rule.CONTENT:
                raise CampaignConflict(
                    f"the name {stored.name} was already used with another content: {_was_and_is(each)}; "
                    "give this campaign another name, or put it back."
                )
            case Rule.MOVED | Rule.SAME_SCOPE | Rule.SAME_CONSENT | Rule.FIXED:
                raise _fixed(stored.name, each)
            case rule:
                assert_never(rule)
    if not by_a_person and (looser := loosened(before, campaign)):
        raise CampaignFileError(
            f"campaign {stored.name}: {_was_and_is(looser[0])}, so that it would halt later or less often: "
            "put it back, or say who decides that: campaign change FILE --by WHO --reason WHY."
        )
    return tuple(found)


def _fixed(name: str, each: Amendment) -> CampaignFileError:
    return CampaignFileError(
        f"campaign {name}: {_was_and_is(each)}, which cannot change once a campaign is enqueued: put it "
        "back, or give this campaign another name."
    )


def _was_and_is(each: Amendment) -> str:
    return f"`{each.key}` was {_shown(each.before)} and is {_shown(each.after)} now"


def differences(before: Campaign, after: Campaign) -> list[Amendment]:
    """Return every key that is not the same in both, in the order of the file's model."""
    return [
        Amendment(key, old, new)
        for (key, old), (_, new) in zip(_values(before), _values(after), strict=True)
        if old != new
    ]


def loosened(before: Campaign, after: Campaign) -> list[Amendment]:
    """Return what makes a figure of the halt policy looser than it was: its own key, or the preset."""
    old, new = before.halt.rules, after.halt.rules
    found = []
    for name in (field.name for field in fields(HaltRules) if field.name in LOOSER):
        if LOOSER[name](getattr(old, name), getattr(new, name)):
            own = getattr(before.halt, name) != getattr(after.halt, name)
            found.append(
                Amendment(f"halt.{name}", getattr(old, name), getattr(new, name))
                if own
                else Amendment("halt.preset", before.halt.preset, after.halt.preset)
            )
    return found


def _values(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, field in type(model).model_fields.items():
        key, value = f"{prefix}{field.alias or name}", getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _values(value, f"{key}.")
        else:
            yield key, value


def _still_there(before: str, after: str) -> str:
    """Return where the template is: other machines may know it by the path that it was enqueued with."""
    return before if not before or Path(before).exists() else after


def _shown(value: object) -> str:
    """Return a value as a person would write it, in one line."""
    match value:
        case None:
            return "left out"
        case "" | ():
            return "empty"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case tuple() | list():
            return f"[{', '.join(_shown(each) for each in value)}]"
        case _:
            text = " ".join(str(value).split())
            if "://" in text:
                # What stands behind the question mark of a receiver's address may be a secret.
                text = text.partition("?")[0]
            return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


_LONGEST_SHOWN = 120
