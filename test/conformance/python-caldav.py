"""One step of python3-caldav's script: python-caldav.py STEP, with DAV_ROOT, DAV_ROOM, DAV_USER and DAV_PASSWORD."""
import os
import sys
from datetime import datetime, timedelta, timezone

import caldav
from caldav.lib.error import AuthorizationError, DAVError, NotFoundError

ROOM = os.environ["DAV_ROOM"]
UID = "python-1@example.edu"
client = caldav.DAVClient(
    url=os.environ["DAV_ROOT"], username=os.environ["DAV_USER"], password=os.environ["DAV_PASSWORD"]
)
start = (datetime.now(timezone.utc) + timedelta(days=14)).replace(hour=9, minute=0, second=0, microsecond=0)


def room():
    return next(calendar for calendar in client.principal().calendars() if str(calendar.url) == ROOM)


def stamp(time):
    return time.strftime("%Y%m%dT%H%M%SZ")


def event(summary, uid=UID):
    return "\r\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//kaldav//conformance//EN", "BEGIN:VEVENT", "UID:" + uid,
        "DTSTAMP:20260101T000000Z", "DTSTART:" + stamp(start), "DTEND:" + stamp(start + timedelta(hours=1)),
        "RRULE:FREQ=WEEKLY;COUNT=4", "SUMMARY:" + summary, "END:VEVENT", "END:VCALENDAR", "",
    ])


def summary(item):
    return str(item.vobject_instance.vevent.summary.value)


def uids(items):
    return sorted(str(item.vobject_instance.vevent.uid.value) for item in items)


def discovers():
    calendars = {str(calendar.url): calendar for calendar in client.principal().calendars()}
    assert ROOM in calendars, sorted(calendars)
    assert "VEVENT" in calendars[ROOM].get_supported_components()
    assert calendars[ROOM].get_display_name(), "no displayname"
    assert client.check_cdav_support(), "no calendar-access in DAV:"


def creates():
    room().save_event(event("Statics"))
    assert summary(room().event_by_uid(UID)) == "Statics"


def finds():
    found = room().date_search(start + timedelta(days=7), start + timedelta(days=8), compfilter="VEVENT", expand=False)
    assert uids(found) == [UID], found
    assert uids(room().search(summary="Statics", event=True)) == [UID]


def finds_occurrences():
    expanded = room().date_search(start, start + timedelta(days=15), compfilter="VEVENT", expand=True)
    starts = sorted(
        vevent.dtstart.value.strftime("%Y%m%d") for item in expanded for vevent in item.vobject_instance.vevent_list
    )
    assert starts == [(start + timedelta(days=days)).strftime("%Y%m%d") for days in (0, 7, 14)], starts


def finds_free_and_busy_time():
    answer = room().freebusy_request(start, start + timedelta(days=8))
    periods = [period for line in answer.vobject_instance.vfreebusy.freebusy_list for period in line.value]
    assert len(periods) == 2, periods
    assert periods[0][0] == start, periods


def changes():
    item = room().event_by_uid(UID)
    item.vobject_instance.vevent.summary.value = "Statics II"
    item.save()
    assert summary(room().event_by_uid(UID)) == "Statics II"


def syncs():
    mine = room().objects(load_objects=True)
    assert UID in uids(mine)
    assert list(room().objects(sync_token=mine.sync_token)) == []
    room().save_event(event("Another", "python-2@example.edu"))
    room().event_by_uid(UID).delete()
    updated, deleted = mine.sync()
    assert uids(updated) == ["python-2@example.edu"], updated
    assert len(list(deleted)) == 1, deleted
    room().save_event(event("Statics II"))


def meets_a_conflict():
    item = room().event_by_uid(UID)
    item.load_by_multiget() if hasattr(item, "load_by_multiget") else item.load()
    etag = client.request(str(item.url), "GET").headers["ETag"]
    room().save_event(event("Theirs"))
    answer = client.put(str(item.url), event("Mine"), {"Content-Type": "text/calendar", "If-Match": etag})
    assert answer.status == 412, answer.status
    assert summary(room().event_by_uid(UID)) == "Theirs"
    try:
        room().save_event(event("Second"), no_overwrite=True)
        raise AssertionError("no_overwrite wrote")
    except DAVError:
        pass


def sees_a_refusal():
    broken = event("Broken", "python-3@example.edu").replace("BEGIN:VEVENT\r\n", "")
    try:
        status = client.put(ROOM + "broken.ics", broken, {"Content-Type": "text/calendar"}).status
        assert 400 <= status < 500, status
    except AuthorizationError:
        # Its word for every 403, the status of a failed precondition.
        pass
    assert client.request(ROOM + "broken.ics").status == 404


def deletes():
    room().event_by_uid(UID).delete()
    try:
        room().event_by_uid(UID)
        raise AssertionError("still there")
    except NotFoundError:
        pass


globals()[sys.argv[1].replace(" ", "_")]()
