"""Reads mails with programs that know nothing of the code that wrote them.

usage: check_message.py MANIFEST.json

The manifest lists files and what each must say. Every part is parsed by Python's `email` (policy.default) and
must be without defects; every calendar is parsed by the packages `icalendar` and `vobject`, which must agree
with the manifest and so with each other. Prints what is wrong, one line a finding; exit code 1 if anything is.
"""

import email
import email.policy
import json
import sys
from datetime import datetime, timezone

import icalendar
import vobject

LINE_BYTES_MAX = 998

findings = []


def expect(name, what, got, wanted):
    if got != wanted:
        findings.append(f"{name}: {what}: got {got!r}, wanted {wanted!r}")


def instant(value):
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_defects(name, message):
    for part in message.walk():
        for defect in part.defects:
            findings.append(f"{name}: {part.get_content_type()}: {defect!r}")
        for header, value in part.items():
            for defect in getattr(value, "defects", ()):
                findings.append(f"{name}: {header}: {defect!r}")
        if not part.is_multipart():
            part.get_content()
            for defect in part.defects:
                findings.append(f"{name}: content of {part.get_content_type()}: {defect!r}")


def check_with_icalendar(name, source, wanted, organizer):
    calendar = icalendar.Calendar.from_ical(source)
    events = calendar.walk("VEVENT")
    expect(name, "icalendar: events", len(events), 1)
    for component in calendar.walk():
        for error in getattr(component, "errors", ()):
            findings.append(f"{name}: icalendar: {error!r}")
    event = events[0]
    expect(name, "icalendar: METHOD", str(calendar["METHOD"]), wanted["method"])
    expect(name, "icalendar: UID", str(event["UID"]), wanted["uid"])
    expect(name, "icalendar: SEQUENCE", int(event["SEQUENCE"]), wanted["sequence"])
    expect(name, "icalendar: DTSTART", instant(event.decoded("DTSTART")), wanted["starts_at"])
    expect(name, "icalendar: DTEND", instant(event.decoded("DTEND")), wanted["ends_at"])
    expect(name, "icalendar: DTSTAMP", instant(event.decoded("DTSTAMP")), wanted["written_at"])
    expect(name, "icalendar: STATUS", str(event["STATUS"]), wanted["status"])
    expect(name, "icalendar: TRANSP", str(event["TRANSP"]), "TRANSPARENT")
    expect(name, "icalendar: ORGANIZER", str(event["ORGANIZER"]), "mailto:" + organizer)
    attendees = event["ATTENDEE"]
    expect(name, "icalendar: one ATTENDEE", isinstance(attendees, list), False)
    expect(name, "icalendar: RSVP", attendees.params["RSVP"], "FALSE")


def check_with_vobject(name, source, wanted):
    calendar = vobject.readOne(source)
    calendar.validate(raiseException=True)
    event = calendar.vevent
    expect(name, "vobject: METHOD", calendar.method.value, wanted["method"])
    expect(name, "vobject: UID", event.uid.value, wanted["uid"])
    expect(name, "vobject: SEQUENCE", int(event.sequence.value), wanted["sequence"])
    expect(name, "vobject: DTSTART", instant(event.dtstart.value), wanted["starts_at"])
    expect(name, "vobject: DTEND", instant(event.dtend.value), wanted["ends_at"])
    expect(name, "vobject: attendees", len(event.contents["attendee"]), 1)


def check_calendar(name, content, wanted, organizer):
    source = content.decode("utf-8") if isinstance(content, bytes) else content
    check_with_icalendar(name, source, wanted, organizer)
    check_with_vobject(name, source, wanted)


def check_tree(name, message, invites):
    expect(name, "root", message.get_content_type(), "multipart/mixed" if invites else "multipart/alternative")
    alternative, *files = message.iter_parts() if invites else [message]
    forms = [part.get_content_type() for part in alternative.iter_parts()]
    expect(name, "first part", alternative.get_content_type(), "multipart/alternative")
    calendar = ["text/calendar"] if len(invites) == 1 else []
    expect(name, "forms", forms, ["text/plain", "text/html"] + calendar)
    expect(name, "files", [part.get_content_type() for part in files], ["application/ics"] * len(invites))
    return list(alternative.iter_parts()), files


def check(wanted):
    name = wanted["name"]
    with open(wanted["file"], "rb") as file:
        source = file.read()
    if not source.isascii():
        findings.append(f"{name}: not ASCII on the wire")
    for line in source.splitlines():
        if len(line) > LINE_BYTES_MAX:
            findings.append(f"{name}: a line of {len(line)} bytes")
    message = email.message_from_bytes(source, policy=email.policy.default)
    check_defects(name, message)
    expect(name, "Message-ID", message["Message-ID"], f"<{wanted['message_id']}>")
    expect(name, "Subject", message["Subject"], wanted["subject"])
    expect(name, "To", message["To"].addresses[0].addr_spec, wanted["to"])
    expect(name, "From", message["From"].addresses[0].addr_spec, wanted["from"])
    expect(name, "Auto-Submitted", message["Auto-Submitted"], "auto-generated")
    expect(name, "Date", instant(message["Date"].datetime), wanted["written_at"])
    forms, files = check_tree(name, message, wanted["invites"])
    expect(name, "text", forms[0].get_content().splitlines(), wanted["text"].splitlines())
    expect(name, "html", forms[1].get_content().splitlines(), wanted["html"].splitlines())
    for part, invite in zip(files, wanted["invites"]):
        check_calendar(f"{name}, {part.get_filename()}", part.get_content(), invite, wanted["from"])
    if len(forms) == 3:
        invite = wanted["invites"][0]
        expect(name, "method parameter", forms[2]["Content-Type"].params["method"], invite["method"])
        expect(name, "charset parameter", forms[2]["Content-Type"].params["charset"], "utf-8")
        check_calendar(f"{name}, text/calendar", forms[2].get_content(), invite, wanted["from"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        manifest = json.load(file)
    for wanted in manifest:
        check(wanted)
    print("\n".join(findings) if findings else f"{len(manifest)} mails are as they should be")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
