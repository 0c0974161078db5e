"""An edited campaign file: every key is taken over and noted, or refused with both of its values."""

from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from ledger import campaigns
from ledger.errors import CampaignConflict, CampaignNotFound
from ledger.schema import callback, callback_url, message
from mail import amendments, gatekeeping, preflight, working
from mail.amendment_rules import LOOSER, RULES, Rule
from mail.campaign_file import Campaign
from mail.errors import CampaignFileError
from mail.policy import PRESETS, HaltRules
from settings import Settings

# For every key a value that none of these campaigns was enqueued with.
OTHER: Mapping[str, Any] = {
    "name": "spring-offer",
    "timezone": "Asia/Kathmandu",
    "list.source": "other.csv",
    "list.name": "others",
    "list.unsubscribe": "list",
    "list.address_column": "mail",
    "list.encoding": "windows-1252",
    "list.delimiter": ";",
    "list.quote": "none",
    "list.header": False,
    "list.consent": "confirmed",
    "list.consent_column": "consent",
    "list.last_engaged_column": "opened",
    "list.inactive_after_days": 90,
    "from": "Other Books <news@brightbooks.example>",
    "reply_to": "hello@brightbooks.example",
    "subject": "Autumn is here",
    "html": "moved.html",
    "text": "",
    "unsubscribe_text": "Leave",
    "language": "de",
    "postal_address": "2 Low Street",
    "allow": ("*|FNAME|*",),
    "callbacks": ["https://hooks.example/mail"],
    "owner": "Shop",
    "send.rate_per_second": 7.5,
    "send.workers": 3,
    "send.runs": 2,
    "send.allowed_lateness_seconds": 60.0,
    "send.over_quota": "split",
    "send.settle_seconds": 5.0,
    "send.warm_up.start": 100,
    "send.warm_up.factor": 2.0,
    "send.warm_up.days": 7,
    "halt.preset": "careful",
    "halt.bounce_rate": 0.03,
    "halt.minimum_sample": 50,
    "halt.minimum_bounces": 2,
    "halt.complaint_warning": 0.0005,
    "halt.complaint_rate": 0.002,
    "halt.ladder": [10, 20, 30],
    "halt.soak_seconds": 300.0,
    "halt.unknown_at_most": 100,
    "halt.unknown_seconds": 10.0,
    "halt.on_halt": "ask",
    "halt.answer_hours": 2.0,
    "brakes.enabled": False,
    "brakes.share": 0.4,
    "brakes.minimum_sample": 30,
    "brakes.window_seconds": 60.0,
    "brakes.pause_seconds": 60.0,
    "hygiene.role_alias": "keep",
    "hygiene.disposable": "drop",
    "hygiene.free_mail": "drop",
    "hygiene.typo": "drop",
    "hygiene.role_names_file": "roles.txt",
    "hygiene.disposable_domains_file": "domains.txt",
    "hygiene.keep": "last",
    "hygiene.mx": False,
    "hygiene.repair": True,
}
# These halt later or less often than what stands in the file by default.
LOOSER_VALUES: Mapping[str, Any] = {
    "bounce_rate": 0.05,
    "minimum_sample": 500,
    "minimum_bounces": 3,
    "complaint_warning": 0.005,
    "complaint_rate": 0.005,
    "ladder": [500],
    "soak_seconds": 30.0,
    "unknown_at_most": 5_000,
    "unknown_seconds": 120.0,
}


def keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += keys(field.annotation, f"{key}.")
        else:
            found.append(key)
    return found


def with_key(campaign: Campaign, key: str, value: Any) -> Campaign:
    """Return the campaign with one key of its file at another value."""
    content: dict[str, Any] = campaign.model_dump(mode="json")
    place = content
    *above, last = key.split(".")
    for name in above:
        place = place[name]
    place[last] = value
    return Campaign.model_validate(content)


@pytest.fixture
def enqueued(stage) -> Campaign:
    """A campaign in the ledger, by its file as it was then."""
    stage.enqueue(20, list={"source": str(Path("subscribers.csv").resolve()), "name": "subscribers"})
    assert stage.campaign is not None
    return stage.campaign


def history(stage) -> list[str]:
    with stage.ledger.reading() as connection:
        return [change.reason for change in campaigns.history(connection, stage.stored().id)]


def test_every_key_of_the_campaign_file_stands_in_the_table() -> None:
    assert list(RULES) == keys(Campaign)


def test_every_figure_of_the_halt_policy_says_when_it_is_looser() -> None:
    figures = {field.name for field in fields(HaltRules)}
    assert figures - LOOSER.keys() == {"on_halt", "answer_hours"}
    assert LOOSER.keys() <= figures
    assert {f"halt.{name}" for name in LOOSER} | {"halt.preset"} == {
        key for key, rule in RULES.items() if rule is Rule.STRICTER
    }


def test_these_tests_change_every_key() -> None:
    assert OTHER.keys() == RULES.keys()
    assert LOOSER_VALUES.keys() == LOOSER.keys()


@pytest.mark.parametrize("key", [key for key, rule in RULES.items() if rule in (Rule.TAKEN, Rule.STRICTER)])
def test_what_may_change_holds_and_is_noted(stage, enqueued: Campaign, key: str) -> None:
    changed = with_key(enqueued, key, OTHER[key])
    if key in ("halt.minimum_bounces", "halt.soak_seconds"):
        # The other way round it is stricter.
        enqueued, changed = changed, enqueued
        amendments.decide(stage.ledger, enqueued, by="Ada", reason="the way it begins here")
    assert [each.key for each in amendments.check(stage.ledger, changed)] == [key]
    (taken,) = amendments.take_over(stage.ledger, changed)
    assert Campaign.model_validate(stage.stored().definition) == changed
    assert history(stage)[-1] == f"the campaign file has changed: {taken.sentence}"
    assert f"`{key}` from " in taken.sentence
    # Once is enough.
    assert amendments.take_over(stage.ledger, changed) == ()


def test_the_zone_of_a_named_day_stays(stage, enqueued: Campaign) -> None:
    changed = with_key(enqueued, "timezone", OTHER["timezone"])
    assert amendments.check(stage.ledger, changed) == amendments.take_over(stage.ledger, changed) == ()
    assert Campaign.model_validate(stage.stored().definition) == enqueued


@pytest.mark.parametrize(
    "key", [key for key, rule in RULES.items() if rule in (Rule.FIXED, Rule.CONTENT) and key != "name"]
)
def test_what_may_not_change_is_refused_with_both_values(stage, enqueued: Campaign, key: str) -> None:
    before = (stage.stored(), history(stage))
    changed = with_key(enqueued, key, OTHER[key])
    for refused in (amendments.check, amendments.take_over):
        with pytest.raises((CampaignFileError, CampaignConflict)) as caught:
            refused(stage.ledger, changed)
        said = str(caught.value)
        assert " spring-offer" in said
        assert f": `{key}` was " in said
        ((_, old),) = [(each.key, each.before) for each in amendments.differences(enqueued, changed)]
        assert amendments._shown(old) in said
        assert f" and is {amendments._shown(OTHER[key])} now" in said
        assert said.count(". ") == 0
    # No word of anybody's changes that.
    with pytest.raises((CampaignFileError, CampaignConflict)):
        amendments.decide(stage.ledger, changed, by="Ada", reason="I want it")
    assert (stage.stored(), history(stage)) == before


@pytest.mark.parametrize("name", LOOSER)
def test_a_halt_is_made_looser_on_a_persons_word_alone(stage, enqueued: Campaign, name: str) -> None:
    key = f"halt.{name}"
    strict = with_key(enqueued, "halt", {"bounce_rate": 0.02, "ladder": [100, 500, 2_500]})
    amendments.take_over(stage.ledger, strict)
    looser = with_key(strict, key, LOOSER_VALUES[name])
    with pytest.raises(CampaignFileError, match=f"`{key}` was .* now, so that it would halt later"):
        amendments.take_over(stage.ledger, looser)
    assert gatekeeping.policy_of(stage.stored()) == strict.halt.rules
    amendments.decide(stage.ledger, looser, by="Ada", reason="the list is known")
    assert gatekeeping.policy_of(stage.stored()) == looser.halt.rules
    with stage.ledger.reading() as connection:
        last = campaigns.history(connection, stage.stored().id)[-1]
    assert last.by == "Ada"
    assert last.reason.startswith(f"the list is known (`{key}` from ")


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ({"ladder": [100, 500]}, {"ladder": [50, 500]}, None),
        ({"ladder": [100, 500]}, {"ladder": [100, 500, 5_000]}, None),
        ({"ladder": [100, 500]}, {"ladder": [100, 501]}, "halt.ladder"),
        ({"ladder": [100, 500]}, {"ladder": [100]}, "halt.ladder"),
        ({"ladder": [100]}, {"ladder": []}, "halt.ladder"),
        ({"ladder": []}, {"ladder": [100]}, None),
        ({}, {"preset": "careful"}, None),
        ({"preset": "careful"}, {}, "halt.preset"),
        ({}, {"preset": "trusted list"}, "halt.preset"),
        # A preset whose looser figures are all given is no looser.
        (
            {},
            {
                "preset": "trusted list",
                "ladder": [100, 500, 2_500],
                "soak_seconds": 600,
                "unknown_at_most": 500,
                "unknown_seconds": 30,
            },
            None,
        ),
        ({"bounce_rate": 0.05}, {}, None),
        ({"bounce_rate": 0.02}, {}, "halt.bounce_rate"),
    ],
)
def test_looser_is_what_the_gate_would_see(
    make_campaign, before: Mapping[str, Any], after: Mapping[str, Any], key: str | None
) -> None:
    found = amendments.loosened(make_campaign(halt=before), make_campaign(halt=after))
    assert [each.key for each in found[:1]] == ([] if key is None else [key])


def test_the_presets_are_ordered_from_strict_to_loose(make_campaign) -> None:
    made = [make_campaign(halt={"preset": preset}) for preset in PRESETS]
    for stricter, looser in pairwise(made):
        assert amendments.loosened(looser, stricter) == []
        assert amendments.loosened(stricter, looser) != []


def test_a_template_may_lie_elsewhere_and_its_new_place_holds_where_the_old_one_is_gone(
    stage, enqueued: Campaign, tmp_path: Path
) -> None:
    place = tmp_path / "elsewhere.html"
    place.write_text(Path(enqueued.html).read_text("utf-8"), "utf-8")
    moved = with_key(enqueued, "html", str(place))
    assert amendments.take_over(stage.ledger, moved) == ()
    assert stage.stored().definition["html"] == enqueued.html
    Path(enqueued.html).unlink()
    assert amendments.take_over(stage.ledger, moved) == ()
    assert stage.stored().definition["html"] == str(place)


@pytest.mark.parametrize("key", ["text", "hygiene.role_names_file"])
def test_a_file_that_was_there_may_not_be_left_out_nor_one_be_added(
    stage, enqueued: Campaign, key: str
) -> None:
    with pytest.raises(CampaignFileError, match=f"`{key}` was "):
        amendments.take_over(stage.ledger, with_key(enqueued, key, OTHER[key]))


def test_a_list_may_lie_elsewhere_as_long_as_it_is_called_the_same(stage, enqueued: Campaign) -> None:
    assert amendments.take_over(stage.ledger, with_key(enqueued, "list.source", "/other/place.csv")) == ()
    with pytest.raises(CampaignFileError, match=r"`list\.name` was subscribers and is others now"):
        amendments.take_over(stage.ledger, with_key(enqueued, "list.name", "others"))
    # The file's own name says the same as the one that was given.
    assert amendments.take_over(stage.ledger, with_key(enqueued, "list.name", "")) == ()


def test_new_receivers_are_told_of_what_happens_from_now_on(stage, enqueued: Campaign) -> None:
    stage.send(recipients=5)
    amendments.take_over(stage.ledger, with_key(enqueued, "callbacks", ["https://hooks.example/mail"]))
    stage.send()
    with stage.ledger.reading() as connection:
        query = (
            select(message.c.position, callback.c.status, callback_url.c.url)
            .join(message, message.c.id == callback.c.message_id)
            .join(callback_url, callback_url.c.id == callback.c.url_id)
        )
        told = connection.execute(query).all()
    assert {url for _, _, url in told} == {"https://hooks.example/mail"}
    assert sorted(position for position, status, _ in told if status == "SENT") == list(range(5, 20))
    amendments.take_over(stage.ledger, enqueued)
    with stage.ledger.reading() as connection:
        assert set(connection.execute(select(message.c.callback_group_id)).scalars()) == {None}


def test_the_rate_of_the_edited_file_is_the_one_that_the_sender_keeps(stage, world) -> None:
    stage.enqueue(5, send={"rate_per_second": 50})
    assert stage.campaign is not None
    amendments.take_over(stage.ledger, with_key(stage.campaign, "send.rate_per_second", 7))
    assert working.open_work(stage.ledger, Settings(), "spring-offer").rate.campaign_per_second == 7


def test_nothing_is_amended_that_is_not_enqueued(stage, make_campaign) -> None:
    campaign = make_campaign()
    assert amendments.check(stage.ledger, campaign) == amendments.take_over(stage.ledger, campaign) == ()
    with pytest.raises(CampaignNotFound):
        amendments.decide(stage.ledger, campaign, by="Ada", reason="it is known")


def test_the_preflight_tells_what_would_hold_and_writes_nothing(stage, world) -> None:
    stage.campaign = stage.make_campaign(send={"workers": 1})
    found = preflight.examine(stage.ledger, Settings(), stage.campaign)
    assert found.amended == ()
    stage.enqueue(5, send={"workers": 1})
    before = stage.stored()
    edited = with_key(stage.campaign, "send.workers", 4)
    assert [each.sentence for each in amendments.check(stage.ledger, edited)] == [
        "`send.workers` from 1 to 4"
    ]
    with pytest.raises(CampaignConflict, match="another content: `from` was "):
        preflight.examine(stage.ledger, Settings(), with_key(edited, "from", OTHER["from"]))
    assert stage.stored() == before


@pytest.mark.parametrize("column", ["", "consent"])
@pytest.mark.parametrize(("before", "after"), [("any", ""), ("", "any")])
def test_consent_for_everybody_may_be_left_out_or_written_down(
    stage, before: str, after: str, column: str
) -> None:
    source = {"source": str(Path("subscribers.csv").resolve()), "consent_column": column}
    stage.enqueue(2, list=source | {"consent": before})
    assert amendments.check(stage.ledger, with_key(stage.campaign, "list.consent", after)) == ()
    assert amendments.take_over(stage.ledger, with_key(stage.campaign, "list.consent", after)) == ()
    assert stage.stored().definition["list"]["consent"] == before
