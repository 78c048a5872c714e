"""Verifies the DKIM signatures of mails with a library that knows nothing of the code that made them.

usage: check_dkim.py RECORD FILE...

RECORD is the TXT record of the public key, for whatever name is asked. Every file must verify, cover what it has to, and
stop verifying when any of it changes. Prints what is wrong; exit code 1 if anything is.
"""

import re
import sys

import dkim

MUST_COVER = {"from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post"}


def verifies(source, record):
    return dkim.verify(source, dnsfunc=lambda name, timeout=5: record.encode())


def main():
    record, *files = sys.argv[1:]
    wrong = []
    for name in files:
        with open(name, "rb") as file:
            source = file.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if not verifies(source, record):
            wrong.append(f"{name}: does not verify")
            continue
        signature = re.search(rb"^DKIM-Signature:(.*?)\r\n(?![ \t])", source, re.M | re.S)
        if not signature:
            wrong.append(f"{name}: no signature")
            continue
        covered = re.search(rb"h=([^;]*);", re.sub(rb"\s+", b"", signature.group(1)))
        covered = set(covered.group(1).decode().lower().split(":"))
        if MUST_COVER - covered:
            wrong.append(f"{name}: does not cover {sorted(MUST_COVER - covered)}")
        changes = [
            (b"Subject: ", b"Subject: x"),
            (b"List-Unsubscribe: <", b"List-Unsubscribe: <x"),
            (b"\r\n\r\n--", b"\r\n\r\nmore\r\n--"),
            (b"MIME-Version:", b"Reply-To: other@evil.example\r\nMIME-Version:"),
        ]
        for old, new in changes:
            if old in source and verifies(source.replace(old, new, 1), record):
                wrong.append(f"{name}: still verifies with {new!r}")
    print("\n".join(wrong) if wrong else f"{len(files)} signatures are good")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
