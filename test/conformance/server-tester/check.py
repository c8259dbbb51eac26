"""What caldav-server-tester says about two calendars of a gateway, as JSON: feature -> support.

check.py with DAV_ROOT, DAV_CALENDAR and DAV_OTHER (names of calendars), DAV_USER, DAV_SECOND, DAV_PASSWORD; and
PEER_ROOT, PEER_USER, PEER_PASSWORD of a server that takes tasks and journals: the tester stores some before anything else.
"""
import inspect
import json
import logging
import os
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from caldav.collection import Principal
from caldav.davclient import DAVClient
from caldav_server_tester import checks
from caldav_server_tester.checker import ServerQuirkChecker

env = os.environ


def client(url, user, password):
    return DAVClient(url=env[url], username=env[user], password=env[password])


# Calendars are not made here. The second one that the tester wants is a room that is there.
peer = client("PEER_ROOT", "PEER_USER", "PEER_PASSWORD").principal()
make_calendar = Principal.make_calendar


def make(self, name=None, cal_id=None, **options):
    if name == "csc_duplicate_uid_cal2":
        return self.calendar(name=env["DAV_OTHER"])
    elsewhere = str(cal_id).endswith(("_tasks", "_journals"))
    return make_calendar(peer if elsewhere else self, name=name, cal_id=cal_id, **options)


Principal.make_calendar = make

tester = ServerQuirkChecker(
    client("DAV_ROOT", "DAV_USER", "DAV_PASSWORD"),
    debug_mode=None,
    extra_clients=[client("DAV_ROOT", "DAV_SECOND", "DAV_PASSWORD")],
)
tester.expected_features.set_feature("test-calendar.compatibility-tests", {"name": env["DAV_CALENDAR"]})
names = [name for name, kind in inspect.getmembers(checks, inspect.isclass) if kind.__module__ == checks.__name__]
# One event in two rooms is one event: what this check changes, the others look for.
names.sort(key="CheckDuplicateUID".__eq__)
for name in names:
    tester.check_one(name)
found = tester.features_checked.dotted_feature_set_list(compact=False)
print(json.dumps({name: feature.get("support", "unknown") for name, feature in found.items()}))
