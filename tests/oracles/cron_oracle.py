"""Asks croniter and cronsim for the times of crontab lines: one JSON question a line in, one answer a line out.

Question: {"plain_line": "0 2 * * *", "zone": "Europe/London", "after": 1774742400, "before": 1774915200, "most": 9}
Answer:   {"croniter": [1774832400, ...], "cronsim": "the text of an error"}
Times are seconds since 1970, later than `after` and earlier than `before`, the first `most` of them.
"""

import json
import sys
from datetime import datetime, timezone
from itertools import takewhile, islice
from zoneinfo import ZoneInfo

try:
    from croniter import croniter
    from cronsim import CronSim
except ImportError as missing:
    sys.exit(f"the Python package {missing.name} is missing: tests/run installs what the tests use")


def croniter_times(line, start):
    # The option is misnamed: it is the rule of Vixie cron, which crontab(5) documents.
    schedule = croniter(line, start, implement_cron_bug=True)
    while True:
        yield schedule.get_next(datetime)


def answer(times, question):
    try:
        seconds = (round(time.timestamp()) for time in times)
        return list(islice(takewhile(lambda time: time < question["before"], seconds), question["most"]))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main():
    for text in sys.stdin:
        question = json.loads(text)
        zone = timezone.utc if question["zone"] == "UTC" else ZoneInfo(question["zone"])
        start = datetime.fromtimestamp(question["after"], zone)
        answers = {
            "croniter": answer(croniter_times(question["plain_line"], start), question),
            "cronsim": answer(CronSim(question["plain_line"], start), question),
        }
        print(json.dumps(answers))


main()
