"""What became of a version after its pages were written: said below the headline of each, in place.

A page says what was true when it was written. Where a person answers for the version, it is written anew
(:func:`tidemill.reporting.training.rewrite_report`). What comes later, that another version answers in its place or
that rows were erased, stands in a slot of the page, which is filled again at each such moment. No part of the version
is read for it, so a page can be marked whatever has become of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tidemill.erasing.records import Erasure
from tidemill.errors import DamagedError
from tidemill.registry import LedgerEntry, Registry
from tidemill.registry.records import parsed
from tidemill.reporting.language import languages, say, say_plural, speaking
from tidemill.reporting.markdown import notice_text
from tidemill.reporting.page import Notice, notice_markup
from tidemill.reporting.wording import count, listed, moment, sentence
from tidemill.store import Store

__all__ = ["CARD", "CARD_PAGE", "REPORT", "SUMMARY", "mark", "mark_windows", "marked", "since"]

REPORT, SUMMARY, CARD, CARD_PAGE = "report.html", "summary.html", "card.md", "card.html"
_START, _END = "<!-- since -->", "<!-- /since -->"
_SLOT = re.compile(f"{_START}.*?{_END}", re.DOTALL)
_LANGUAGE = re.compile(r'<html lang="([a-z]+)"')


def mark(
    store: Store,
    use_case: str,
    versions: Sequence[str],
    *,
    more: Sequence[Erasure] = (),
    registry: Registry | None = None,
) -> list[str]:
    """Say on the pages of versions what became of each; gives the keys of those that were changed.

    ``more`` are erasures whose record is not stored yet; ``registry`` is one that has read the ledger before.
    """
    registry = registry or Registry(store, use_case)
    return [key for version in versions for key in _mark(store, use_case, version, more, registry)]


def _mark(store: Store, use_case: str, version: str, more: Sequence[Erasure], registry: Registry) -> list[str]:
    folder = f"{use_case}/reports/{version}"
    pages = {key: store.read_bytes(key).decode() for key in store.list(folder) if key.endswith((".html", ".md"))}
    with speaking(_language(pages.get(f"{folder}/{REPORT}", ""))):
        notices = since(store, use_case, version, more, registry)
        made = {key: marked(page, notices) for key, page in pages.items()}
    return _written(store, pages, made)


def mark_windows(store: Store, use_case: str, erasure: Erasure) -> list[str]:
    """Say on the pages of monitoring that rows of their window were erased; gives the keys of those."""
    rows = {one.name: one.rows for one in erasure.removed}
    pages, made = {}, {}
    for key in store.list(f"{use_case}/monitoring"):
        if not key.endswith("/monitoring.json"):
            continue
        subject = store.read_json(key).get("subject")
        for page in (one for one in store.list(key.rsplit("/", 1)[0]) if one.endswith(f"/{REPORT}")):
            if subject in rows:
                pages[page] = store.read_bytes(page).decode()
                with speaking(_language(pages[page])):
                    made[page] = marked(pages[page], [_window_erased(erasure, rows[subject])])
    return _written(store, pages, made)


def since(
    store: Store, use_case: str, version: str, more: Sequence[Erasure] = (), registry: Registry | None = None
) -> list[Notice]:
    """What is to be said of a version beyond what was decided on it, in the language that is spoken."""
    known = {one.id: one for one in (*_erasures(store, use_case), *more)}
    return [*_replaced(registry or Registry(store, use_case), version), *_erased(list(known.values()), version)]


def marked(page: str, notices: Sequence[Notice]) -> str:
    """The page, HTML or Markdown, with these notices in its slot, which pages from before get where it belongs."""
    html = page.lstrip().startswith("<!DOCTYPE html>")
    said = "\n".join(notice_markup(one) for one in notices) if html else "\n\n".join(map(notice_text, notices))
    apart = "\n" if html or not said else "\n\n"
    slot = f"{_START}{apart}{said}{apart}{_END}" if said else f"{_START}{_END}"
    if _SLOT.search(page):
        return _SLOT.sub(lambda _: slot, page, count=1)
    if html:
        return page.replace("</header>", f"{slot}\n</header>", 1)
    head, parting, rest = page.partition("\n\n## ")
    return f"{head}\n\n{slot}{parting}{rest}" if notices else page


def _written(store: Store, before: dict[str, str], after: dict[str, str]) -> list[str]:
    changed = [key for key, page in after.items() if page != before[key]]
    for key in changed:
        store.write_bytes(key, after[key].encode())
    return changed


def _language(page: str) -> str:
    """The language that a page is written in; English where it does not say."""
    found = _LANGUAGE.search(page)
    return found[1] if found and found[1] in languages() else languages()[0]


def _replaced(registry: Registry, version: str) -> Iterator[Notice]:
    """That it was the champion and is no more, since when, and by whose word."""
    moved = [line.entry for line in registry.lines() if line.holds and line.entry.previous != line.entry.champion]
    left = next((entry for entry in reversed(moved) if version in (entry.previous, entry.champion)), None)
    if left is not None and left.champion != version:
        yield Notice("warn", say("No longer in use"), _left(left))


def _left(entry: LedgerEntry) -> str:
    told = {"moment": moment(entry.when.replace(second=0, microsecond=0)), "champion": f"`{entry.champion}`"}
    if entry.automatic:
        return say("On {moment} the gate put {champion} in its place.", **told)
    reason = say("The reason given: {why}", why=sentence(entry.why))
    if entry.action == "rollback":
        return f"{say('On {moment} {who} went back to {champion}.', who=entry.who, **told)} {reason}"
    return f"{say('On {moment} {who} put {champion} in its place.', who=entry.who, **told)} {reason}"


def _erasures(store: Store, use_case: str) -> Iterator[Erasure]:
    for key in store.list(f"{use_case}/erasures"):
        try:
            yield parsed(Erasure, store.read_bytes(key), store.url_of(key))
        except DamagedError:  # the next erasure's proof names it
            continue


def _erased(erasures: Sequence[Erasure], version: str) -> Iterator[Notice]:
    """That rows which it learnt from, or was judged on, are gone, and what can't be relied on any more."""
    theirs = [(one, own) for one in erasures for own in one.versions if own.version == version]
    if not theirs:
        return
    learnt, judged = sum(own.train_rows for _, own in theirs), sum(own.gate_rows for _, own in theirs)
    text = say(
        "Up to {moment}, {train} of the rows that it learnt from and {gate} of those that it was judged on were erased "
        "for good ({erasures}).",
        moment=moment(max(one.when for one, _ in theirs).replace(second=0, microsecond=0)),
        train=count(learnt),
        gate=count(judged),
        erasures=say_plural(
            "erasure {ids}", "erasures {ids}", len(theirs), ids=listed([f"`{one.id}`" for one, _ in theirs])
        ),
    )
    beyond = say(
        "Numbers and charts on this page were made with these rows. They can't be computed again from what is left: "
        "counts of rows are those from before, and values of the erased have a mark in their place."
    )
    after = say("What it learnt from them can't be taken out of it: it has to be trained anew.") if learnt else ""
    yield Notice("warn", say("Rows were erased"), "\n\n".join(part for part in (text, f"{beyond} {after}".strip())))


def _window_erased(erasure: Erasure, rows: int) -> Notice:
    text = say(
        "On {moment}, {rows} of this window's rows were erased for good (erasure {id}). Numbers and charts on this "
        "page were made with them, and can't be computed again from what is left.",
        moment=moment(erasure.when.replace(second=0, microsecond=0)),
        rows=count(rows),
        id=f"`{erasure.id}`",
    )
    return Notice("warn", say("Rows were erased"), text)
