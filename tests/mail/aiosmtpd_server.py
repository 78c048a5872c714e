"""A mail server (aiosmtpd) that treats each mail as the recipient's domain says.

usage: aiosmtpd_server.py LOG [nosmtputf8]

Prints the port it listens on, and lives until its standard input ends. Each message that it takes is a line of LOG:
recipient, Message-ID, SHA-256 of the bytes. Domains: later.example (451 at DATA), no.example (550), full.example (552),
policy.example (550 5.7.1), gone.example (550 5.1.1 at RCPT), hangs.example (says nothing for an hour), drops-before.example
(hangs up instead of an answer), drops-after.example (takes the message, writes it down, and hangs up instead of an
answer); every other one is taken.
"""

import asyncio
import hashlib
import sys
from email import message_from_bytes

from aiosmtpd.smtp import SMTP


class Handler:
    def __init__(self, log):
        self.log = log

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@gone.example"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    def keep(self, envelope):
        message_id = message_from_bytes(envelope.content)["Message-ID"].strip("<>")
        digest = hashlib.sha256(envelope.content).hexdigest()
        self.log.write(f"{envelope.rcpt_tos[0]}\t{message_id}\t{digest}\n")
        self.log.flush()

    async def handle_DATA(self, server, session, envelope):
        domain = envelope.rcpt_tos[0].rsplit("@", 1)[1]
        answers = {
            "later.example": "451 4.3.0 try again later",
            "no.example": "550 not here",
            "full.example": "552 5.2.2 mailbox full",
            "policy.example": "550 5.7.1 we take no mail from you",
        }
        if domain in answers:
            return answers[domain]
        if domain == "hangs.example":
            await asyncio.sleep(3600)
        if domain == "drops-before.example":
            server.transport.abort()
            return "250 never heard"
        self.keep(envelope)
        if domain == "drops-after.example":
            server.transport.abort()
        return "250 2.0.0 taken"


async def main():
    log = open(sys.argv[1], "a", encoding="utf-8")
    utf8 = "nosmtputf8" not in sys.argv
    loop = asyncio.get_running_loop()
    # Its own limit of time would end a hanging conversation.
    make = lambda: SMTP(Handler(log), enable_SMTPUTF8=utf8, timeout=7200, hostname="mx.example")
    server = await loop.create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
