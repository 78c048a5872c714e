"""Reads the mails of one visit's life in the order in which they came, with programs that know nothing of the code.

usage: check_life.py MANIFEST.json

The manifest lists for each mail its file, and the visit as the database had it then: UID, revision, span, and whether it
was called off. The calendar in the text and the attached one must be alike; recurring-ical-events must find the event at
the database's instants and at no other; UID stays, SEQUENCE rises. Prints what is wrong; exit code 1 if anything is.
"""

import email
import email.policy
import json
import sys
from datetime import datetime, timedelta, timezone

import icalendar
import recurring_ical_events

findings = []


def expect(name, what, got, wanted):
    if got != wanted:
        findings.append(f"{name}: {what}: got {got!r}, wanted {wanted!r}")


def calendars(message):
    for part in message.walk():
        if part.get_content_type() in ("text/calendar", "application/ics"):
            content = part.get_content()
            yield content if isinstance(content, bytes) else content.encode()


def spans(calendar, start, end):
    found = recurring_ical_events.of(calendar).between(start, end)
    return [tuple(event.decoded(name).astimezone(timezone.utc) for name in ("DTSTART", "DTEND")) for event in found]


def check(name, source, wanted):
    calendar = icalendar.Calendar.from_ical(source)
    event = calendar.walk("VEVENT")[0]
    start, end = (datetime.fromisoformat(wanted[key]) for key in ("starts_at", "ends_at"))
    expect(name, "UID", str(event["UID"]), wanted["uid"])
    expect(name, "SEQUENCE", int(event["SEQUENCE"]), wanted["sequence"])
    expect(name, "METHOD", str(calendar["METHOD"]), "CANCEL" if wanted["cancelled"] else "REQUEST")
    year = timedelta(days=365)
    expect(name, "instants in two years", spans(calendar, start - year, start + year), [(start, end)])
    expect(name, "the minute before", spans(calendar, start - timedelta(minutes=1), start), [])
    expect(name, "the minute after", spans(calendar, end, end + timedelta(minutes=1)), [])
    return int(event["SEQUENCE"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        manifest = json.load(file)
    sequences = []
    for wanted in manifest:
        with open(wanted["file"], "rb") as file:
            message = email.message_from_bytes(file.read(), policy=email.policy.default)
        name = wanted["name"]
        found = list(calendars(message))
        expect(name, "calendars", len(found), 2)
        expect(name, "the attached one is that of the text", found[0].splitlines(), found[-1].splitlines())
        sequences.append(check(name, found[0], wanted))
    rises = all(before < after for before, after in zip(sequences, sequences[1:]))
    expect("all", "SEQUENCE rises", rises, True)
    expect("all", "one UID", len({wanted["uid"] for wanted in manifest}), 1)
    print("\n".join(findings) if findings else f"{len(manifest)} mails agree with the database")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
