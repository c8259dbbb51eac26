"""Searches at random, on the server and by python-caldav's own filter among the same events: prints what differs.

searches.py SEED, with DAV_ROOT, DAV_CALENDAR (its name; it has to be empty), DAV_USER and DAV_PASSWORD; TZ is the
zone of the calendar, in which the filter reads dates and floating times.
"""
import logging
import os
import random
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import icalendar
from caldav.davclient import DAVClient
from caldav.search import CalDAVSearcher

seed = int(sys.argv[1])
dice = random.Random(seed)
env = os.environ
client = DAVClient(url=env["DAV_ROOT"], username=env["DAV_USER"], password=env["DAV_PASSWORD"])
room = client.principal().calendar(name=env["DAV_CALENDAR"])

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kathmandu", "UTC", "date", "floating"]
WORDS = ["lecture", "Physics", "lab", "LAB", "Ølberg", "café", "Straße", "exam", "ex", "a,b", "semi;colon", "back\\slash"]
MINUTES = [15, 60, 90, 600, 1440, 3000]
STAMP = datetime(2026, 1, 1, tzinfo=timezone.utc)


def moment():
    return datetime(2026, 1, 1) + timedelta(days=dice.randrange(400), minutes=15 * dice.randrange(96))


def at(zone, wall):
    if zone == "date":
        return wall.date()
    return wall if zone == "floating" else wall.replace(tzinfo=ZoneInfo(zone))


def component(uid, zone, wall, minutes):
    event = icalendar.Event(uid=uid)
    event.add("dtstamp", STAMP)
    event.add("dtstart", at(zone, wall))
    length = timedelta(days=dice.randint(1, 3)) if zone == "date" else timedelta(minutes=minutes)
    how = dice.choice(["dtend", "duration", "none"])
    if how == "dtend":
        event.add("dtend", at(zone, wall + length))
    if how == "duration":
        event.add("duration", length)
    event.add("summary", " ".join(dice.sample(WORDS, dice.randint(1, 3))))
    for name, odds, value in [
        ("location", 0.4, dice.choice(WORDS)),
        ("categories", 0.4, dice.sample(WORDS, dice.randint(1, 3))),
        ("status", 0.3, dice.choice(["TENTATIVE", "CONFIRMED", "CANCELLED"])),
    ]:
        if dice.random() < odds:
            event.add(name, value)
    return event


def alarm():
    made = icalendar.Alarm(action="DISPLAY", description="x")
    related = {"RELATED": "END"} if dice.random() < 0.3 else {}
    made.add("trigger", timedelta(minutes=dice.choice([-1440, -60, -15, 0, 30])), parameters=related)
    if dice.random() < 0.3:
        made.add("repeat", 3)
        made.add("duration", timedelta(minutes=20))
    return made


def rule(zone, wall):
    days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    # DTSTART fits its rule: what else it would mean is open (RFC 5545 section 3.8.5.3).
    made = dict(dice.choice([
        {"freq": "daily"},
        {"freq": "daily", "interval": 3},
        {"freq": "weekly", "byday": sorted({days[wall.weekday()], dice.choice(days)})},
        {"freq": "monthly", "bymonthday": sorted({wall.day, 20})},
        {"freq": "yearly"},
    ]))
    bound = dice.choice(["count", "until", None])
    if bound == "count":
        made["count"] = dice.randint(3, 12)
    if bound == "until":
        last = wall + timedelta(days=dice.randint(10, 200))
        made["until"] = at(zone if zone in ("date", "floating") else "UTC", last)
    return made


def event(uid):
    calendar = icalendar.Calendar(prodid="-//kaldav//searches//EN", version="2.0")
    zone, wall, minutes = dice.choice(ZONES), moment(), dice.choice(MINUTES)
    master = component(uid, zone, wall, minutes)
    calendar.add_component(master)
    if dice.random() < 0.5:
        if dice.random() < 0.5:
            master.add_component(alarm())
        return calendar
    repeats = rule(zone, wall)
    master.add("rrule", repeats)
    second = wall + timedelta(days=repeats.get("interval", 1))
    what = dice.choice(["exdate", "override", None]) if repeats["freq"] == "daily" else None
    if what == "exdate":
        master.add("exdate", at(zone, second))
    if what == "override":
        moved = component(uid, zone, second + timedelta(days=dice.randint(-2, 20)), 60)
        moved.add("recurrence-id", at(zone, second))
        calendar.add_component(moved)
    return calendar


def question():
    start = moment().replace(tzinfo=timezone.utc)
    end = start + timedelta(minutes=dice.choice([1, 15, 60, 720, 1440, 10080]))
    kind = dice.choice(["both", "both", "start", "end", "alarm", "none"])
    times = {
        "both": {"start": start, "end": end},
        "start": {"start": start},
        "end": {"end": end},
        "alarm": {"alarm_start": start, "alarm_end": start + timedelta(days=30)},
        "none": {},
    }[kind]
    if kind == "alarm" or (kind != "none" and dice.random() < 0.5):
        return times, None
    name = dice.choice(["SUMMARY", "LOCATION", "CATEGORY", "STATUS"])
    word = dice.choice(["TENTATIVE", "CONFIRM"] if name == "STATUS" else WORDS)
    part = word[: dice.randint(2, len(word))]
    # A search for what has no such property asks for the property itself.
    if name != "CATEGORY" and dice.random() < 0.3:
        return times, (name, True, "undef", True)
    return times, (name, part, "contains", dice.random() < 0.6)


def searcher(times, text, **more):
    made = CalDAVSearcher(event=True, **times, **more)
    if text:
        name, value, operator, case_sensitive = text
        made.add_property_filter(name, value, operator=operator, case_sensitive=case_sensitive)
    return made


events = {f"search-{seed}-{number}": event(f"search-{seed}-{number}") for number in range(70)}
for made in events.values():
    room.save_event(made.to_ical().decode())
for _ in range(250):
    times, text = question()
    found = searcher(times, text).search(room, post_filter=False)
    here = {str(each.icalendar_component["uid"]) for each in found}
    wanted = {
        uid
        for uid, made in events.items()
        if list(searcher(times, text).check_component(icalendar.Calendar.from_ical(made.to_ical())) or [])
    }
    for uid in sorted(here ^ wanted):
        print(times, text, "only here" if uid in here else "missing here", events[uid].to_ical().decode(), sep="\n")
