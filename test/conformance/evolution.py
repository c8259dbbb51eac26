"""
evolution-data-server as GNOME Calendar drives it, inside a D-Bus session and a home folder of its own.
Prints "ok STEP" or "not ok STEP: why" for each step. DAV_ROOT, DAV_ROOM, DAV_USER, DAV_PASSWORD say where.
"""
import base64
import os
import sys
import threading
import time
import traceback
import re
import urllib.error
import urllib.parse
import urllib.request
from datetime import date, timedelta
from urllib.parse import urlsplit

import gi

gi.require_version("EDataServer", "1.2")
gi.require_version("ECal", "2.0")
gi.require_version("ICalGLib", "3.0")
from gi.repository import ECal, EDataServer, GLib, ICalGLib  # noqa: E402

ROOT, ROOM = os.environ["DAV_ROOT"], os.environ["DAV_ROOM"]
USER, PASSWORD = os.environ["DAV_USER"], os.environ["DAV_PASSWORD"]
DAY = (date.today() + timedelta(days=14)).strftime("%Y%m%d")


def http(method, url, body=None, headers=None):
    """The server seen without the client: (status, text, ETag)."""
    request = urllib.request.Request(url, data=body.encode() if body else None, method=method, headers=headers or {})
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode(), answer.headers.get("ETag")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), None


def vevent(uid, summary, hour=9):
    return "\r\n".join([
        "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20260101T000000Z", f"DTSTART:{DAY}T{hour:02}0000Z",
        f"DTEND:{DAY}T{hour + 1:02}0000Z", "SUMMARY:" + summary, "END:VEVENT", "",
    ])


def calendar(uid, summary, hour=9):
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//kaldav//conformance//EN\r\n"
    return head + vevent(uid, summary, hour) + "END:VCALENDAR\r\n"


def put(name, uid, summary, hour=9):
    status, text, _ = http("PUT", ROOM + name, calendar(uid, summary, hour), {"Content-Type": "text/calendar"})
    assert status < 300, (status, text)


def credentials():
    parameters = EDataServer.NamedParameters.new()
    parameters.set("username", USER)
    parameters.set("password", PASSWORD)
    return parameters


def new_source(url):
    """A CalDAV source as the GNOME account dialog writes it."""
    source = EDataServer.Source.new(None, None)
    source.set_display_name("Room")
    source.set_parent("caldav-stub")
    source.get_extension("Calendar").set_backend_name("caldav")
    at = urlsplit(url)
    authentication = source.get_extension("Authentication")
    authentication.set_host(at.hostname)
    authentication.set_port(at.port)
    authentication.set_user(USER)
    authentication.set_method("plain/password")
    webdav = source.get_extension("WebDAV Backend")
    webdav.set_soup_uri(GLib.Uri.parse(url, GLib.UriFlags.NONE)) if hasattr(webdav, "set_soup_uri") else None
    webdav.set_uri(GLib.Uri.parse(url, GLib.UriFlags.NONE)) if hasattr(webdav, "set_uri") else None
    source.get_extension("Offline").set_stay_synchronized(True)
    return source


class Evolution:
    def __init__(self):
        self.registry = EDataServer.SourceRegistry.new_sync(None)
        self.client = None

    def connect(self):
        source = new_source(ROOM)
        self.registry.commit_source_sync(source, None)
        source = self.registry.ref_source(source.get_uid())
        for known in (source, self.registry.ref_source("caldav-stub")):
            known.connect("credentials-required", lambda asking, *_: asking.invoke_authenticate(credentials(), None, None))
        self.client = ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, 15, None)
        # It opens offline first, and is writable once it has reached the server.
        end = time.monotonic() + 15
        while self.client.is_readonly():
            assert time.monotonic() < end, "read-only"
            time.sleep(0.1)
        self.client.refresh_sync(None)

    def summaries(self):
        _, found = self.client.get_object_list_sync("#t", None)
        return {one.get_uid(): one.get_summary() for one in found}

    def wait(self, what, test, seconds=15):
        """Refreshes until the test holds for the cached events."""
        end = time.monotonic() + seconds
        while not test(self.summaries()):
            assert time.monotonic() < end, f"{what}: {self.summaries()}"
            self.client.refresh_sync(None)
            time.sleep(0.3)

    def component(self, uid):
        return self.client.get_object_sync(uid, None, None)[1]


evolution = Evolution()


def href_of(uid):
    """Where the server keeps an event: the name is the client's choice."""
    body = (
        '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/></D:prop>'
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:prop-filter name="UID">'
        f'<C:text-match collation="i;octet">{uid}</C:text-match>'
        "</C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    )
    status, text, _ = http("REPORT", ROOM, body, {"Content-Type": "application/xml", "Depth": "1"})
    assert status == 207, (status, text)
    found = re.search(r"<(?:\w+:)?href>([^<]+)</", text)
    return found and urllib.parse.urljoin(ROOM, found.group(1))


def discovers():
    source = new_source(ROOT)
    found, _, _, sources, _ = EDataServer.webdav_discover_sources_sync(
        source, ROOT, EDataServer.WebDAVDiscoverSupports.EVENTS, credentials(), None
    )
    assert found
    assert ROOM in [urllib.parse.urljoin(ROOT, one.href) for one in sources], [one.href for one in sources]


def syncs():
    put("there.ics", "evolution-there", "There", 13)
    evolution.connect()
    evolution.wait("initial", lambda all: all.get("evolution-there") == "There")


def creates():
    component = ICalGLib.Component.new_from_string(vevent("evolution-1", "Thermodynamics"))
    evolution.client.create_object_sync(component, ECal.OperationFlags.NONE, None)
    assert "SUMMARY:Thermodynamics" in http("GET", href_of("evolution-1"))[1]
    assert evolution.summaries()["evolution-1"] == "Thermodynamics"


def changes():
    component = evolution.component("evolution-1")
    component.set_summary("Thermodynamics II")
    evolution.client.modify_object_sync(component, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)
    assert "SUMMARY:Thermodynamics II" in http("GET", href_of("evolution-1"))[1]


def takes_a_change_made_elsewhere():
    put("there.ics", "evolution-there", "Moved", 15)
    put("new.ics", "evolution-new", "New", 17)
    evolution.wait("change", lambda all: all.get("evolution-there") == "Moved" and all.get("evolution-new") == "New")


def meets_a_conflict():
    component = evolution.component("evolution-there")
    put("there.ics", "evolution-there", "Theirs", 15)
    component.set_summary("Mine")
    try:
        flags = ECal.OperationFlags.CONFLICT_FAIL
        evolution.client.modify_object_sync(component, ECal.ObjModType.ALL, flags, None)
        raise AssertionError("a stale change was written")
    except GLib.Error as error:
        assert "412" in error.message or "out of sync" in error.message.lower() or "Precondition" in error.message, error
    assert "SUMMARY:Theirs" in http("GET", ROOM + "there.ics")[1]
    evolution.wait("after the conflict", lambda all: all.get("evolution-there") == "Theirs")


def deletes():
    href = href_of("evolution-1")
    evolution.client.remove_object_sync("evolution-1", None, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)
    assert http("GET", href)[0] == 404


def takes_a_deletion_made_elsewhere():
    assert http("DELETE", ROOM + "there.ics")[0] < 300
    evolution.wait("deletion", lambda all: "evolution-there" not in all)


def main(loop):
    for name in sys.argv[1:]:
        try:
            globals()[name.replace(" ", "_")]()
            print(f"ok {name}", flush=True)
        except BaseException:
            print(f"not ok {name}: {traceback.format_exc()!r}", flush=True)
    loop.quit()


if __name__ == "__main__":
    main_loop = GLib.MainLoop()
    threading.Thread(target=main, args=(main_loop,), daemon=True).start()
    main_loop.run()
