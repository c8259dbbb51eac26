/**
 * The tables, as steps that only go forward. A step that has been released is never changed: append a new one.
 * BIGINT and TEXT only, the words both engines share; times are epoch seconds. No foreign keys: everything derived is
 * written in the transaction that writes the event.
 */
export interface Migration {
  /** Ascending from 1, without gaps. */
  readonly id: number
  readonly sql: readonly string[]
}

export const migrations: readonly Migration[] = [
  {
    id: 1,
    sql: [
      // epoch: which database this is; sync tokens of another one mean nothing here.
      'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)',
      `CREATE TABLE resource (
        id BIGINT PRIMARY KEY, system_name TEXT NOT NULL UNIQUE, name TEXT NOT NULL, type TEXT NOT NULL,
        description TEXT, tags TEXT NOT NULL, parent_id BIGINT, entry_id TEXT, time_zone TEXT NOT NULL,
        status BIGINT NOT NULL)`,
      // One row per resource id ever used, and 0 for the whole schedule. Below `floor` the log has been pruned.
      'CREATE TABLE calendar (resource_id BIGINT PRIMARY KEY, token BIGINT NOT NULL, floor BIGINT NOT NULL)',
      'INSERT INTO calendar (resource_id, token, floor) VALUES (0, 0, 0)',
      // secrets: stream passwords, which the body does not hold. spread: hash of the rows in occurrence.
      // local_times: its occurrences depend on the zone of the calendar.
      `CREATE TABLE event (
        uid TEXT PRIMARY KEY, etag TEXT NOT NULL, source TEXT NOT NULL, created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL, resources TEXT NOT NULL, spread TEXT NOT NULL, local_times BIGINT NOT NULL,
        secrets TEXT, body TEXT NOT NULL)`,
      // etag: of the event; in the account schedule with a mark that changes when its resources or conflicts do.
      `CREATE TABLE member (
        resource_id BIGINT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, etag TEXT NOT NULL,
        PRIMARY KEY (resource_id, name))`,
      'CREATE UNIQUE INDEX member_uid ON member (uid, resource_id)',
      // The newest change of each name. born: the token at which the name came to be.
      `CREATE TABLE change (
        resource_id BIGINT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, token BIGINT NOT NULL,
        removed BIGINT NOT NULL, born BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (resource_id, name))`,
      'CREATE UNIQUE INDEX change_token ON change (resource_id, token)',
      'CREATE INDEX change_removed ON change (removed, at)',
      // resource_id -1: blackouts that hold for the whole account.
      `CREATE TABLE occurrence (
        resource_id BIGINT NOT NULL, is_long BIGINT NOT NULL, start_at BIGINT NOT NULL, end_at BIGINT NOT NULL,
        busy BIGINT NOT NULL, blackout BIGINT NOT NULL, uid TEXT NOT NULL, recurrence_id TEXT)`,
      'CREATE INDEX occurrence_start ON occurrence (resource_id, is_long, start_at)',
      'CREATE INDEX occurrence_uid ON occurrence (uid, resource_id)',
      // Series that go on beyond what occurrence holds of them: from index_from to index_to.
      'CREATE TABLE rolling (uid TEXT PRIMARY KEY, index_from BIGINT NOT NULL, index_to BIGINT NOT NULL)',
      'CREATE INDEX rolling_from ON rolling (index_from)',
      'CREATE INDEX rolling_to ON rolling (index_to)',
      `CREATE TABLE conflict (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, resource_id BIGINT, uids TEXT NOT NULL, start_at BIGINT,
        end_at BIGINT, source TEXT, detail TEXT NOT NULL, since BIGINT NOT NULL)`,
      'CREATE INDEX conflict_resource ON conflict (resource_id)',
      'CREATE TABLE conflict_event (uid TEXT NOT NULL, conflict_id TEXT NOT NULL, PRIMARY KEY (uid, conflict_id))',
      'CREATE INDEX conflict_event_id ON conflict_event (conflict_id)',
      `CREATE TABLE journal (
        id BIGINT PRIMARY KEY, at BIGINT NOT NULL, uid TEXT NOT NULL, source TEXT NOT NULL, user_name TEXT, run TEXT,
        action TEXT NOT NULL, before_body TEXT, after_body TEXT, before_resources TEXT, after_resources TEXT)`,
      'CREATE INDEX journal_uid ON journal (uid, id)',
      'CREATE INDEX journal_run ON journal (run, id)',
    ],
  },
  {
    id: 2,
    sql: [
      `CREATE TABLE person (
        name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, created_at BIGINT NOT NULL)`,
      `CREATE TABLE app_password (
        id TEXT PRIMARY KEY, person TEXT NOT NULL, label TEXT NOT NULL, hash TEXT NOT NULL,
        created_at BIGINT NOT NULL, last_used BIGINT)`,
      'CREATE INDEX app_password_person ON app_password (person, hash)',
      // hash: SHA-256 of the token. prefix: its first characters, for people to tell tokens apart.
      `CREATE TABLE feed_token (
        id TEXT PRIMARY KEY, label TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL, resource TEXT,
        device BIGINT NOT NULL, created_at BIGINT NOT NULL, last_used BIGINT)`,
    ],
  },
  {
    id: 3,
    sql: [
      // due_at, writes_after, lease_until, watch_until: epoch seconds.
      `CREATE TABLE binding (
        id TEXT PRIMARY KEY, cursor TEXT, token BIGINT NOT NULL DEFAULT 0, due_at BIGINT NOT NULL DEFAULT 0,
        writes_after BIGINT NOT NULL DEFAULT 0, failures BIGINT NOT NULL DEFAULT 0, error TEXT, remedy TEXT,
        last_success BIGINT, frozen BIGINT NOT NULL DEFAULT 0, lease_owner TEXT,
        lease_until BIGINT NOT NULL DEFAULT 0, watch_until BIGINT NOT NULL DEFAULT 0)`,
      // remote: where the copy is, as JSON. base: what both agreed on, as JSON. refused: a hash of refused content.
      `CREATE TABLE shadow (
        binding_id TEXT NOT NULL, uid TEXT NOT NULL, remote_id TEXT, remote TEXT, base TEXT,
        held BIGINT NOT NULL DEFAULT 0, refused TEXT, PRIMARY KEY (binding_id, uid))`,
      'CREATE INDEX shadow_remote ON shadow (binding_id, remote_id)',
    ],
  },
  {
    id: 4,
    sql: [
      // What people wrote over the properties of calendars, each for themselves. revision counts their writes; value
      // NULL: removed again.
      `CREATE TABLE personal_property (
        user_name TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, value TEXT, revision BIGINT NOT NULL,
        PRIMARY KEY (user_name, path, name))`,
      'CREATE TABLE personal_revision (user_name TEXT PRIMARY KEY, revision BIGINT NOT NULL)',
    ],
  },
  {
    id: 5,
    sql: [
      // Who is told of changes in a calendar (WebDAV-Push). endpoint and keys: of the client's push service.
      `CREATE TABLE push_subscription (
        id TEXT PRIMARY KEY, user_name TEXT NOT NULL, resource_id BIGINT NOT NULL, endpoint TEXT NOT NULL,
        public_key TEXT NOT NULL, auth_secret TEXT NOT NULL, expires_at BIGINT NOT NULL)`,
      'CREATE UNIQUE INDEX push_subscription_of ON push_subscription (resource_id, user_name, endpoint)',
    ],
  },
  {
    id: 6,
    // JSON: what the person may do with which resource, where the role alone does not say it.
    sql: ["ALTER TABLE person ADD COLUMN access TEXT NOT NULL DEFAULT '{}'"],
  },
  {
    id: 7,
    // What the calls of a remote carry beside the token, where it names its channels.
    sql: ['ALTER TABLE binding ADD COLUMN watch_mark TEXT'],
  },
  {
    id: 8,
    sql: [
      // With the end in it, a scan leaves out what ended before its window without looking at the row.
      'DROP INDEX occurrence_start',
      'CREATE INDEX occurrence_start ON occurrence (resource_id, is_long, start_at, end_at)',
    ],
  },
  {
    id: 9,
    // Fewer indexes to write for each event.
    sql: [
      // A name and its newest change are one row. etag as it was in member; NULL: removed.
      'ALTER TABLE change ADD COLUMN etag TEXT',
      `UPDATE change SET etag = (
        SELECT m.etag FROM member m WHERE m.resource_id = change.resource_id AND m.name = change.name)`,
      'DROP TABLE member',
      'DROP INDEX change_removed',
      'ALTER TABLE change DROP COLUMN removed',
      'CREATE INDEX change_uid ON change (uid, resource_id)',
      'CREATE INDEX change_removed ON change (at) WHERE etag IS NULL',
      // INTEGER: what SQLite keeps the rows by, without an index. 2³¹ entries are a thousand years of a large account.
      `CREATE TABLE journal_by_id (
        id INTEGER PRIMARY KEY, at BIGINT NOT NULL, uid TEXT NOT NULL, source TEXT NOT NULL, user_name TEXT, run TEXT,
        action TEXT NOT NULL, before_body TEXT, after_body TEXT, before_resources TEXT, after_resources TEXT)`,
      `INSERT INTO journal_by_id SELECT id, at, uid, source, user_name, run, action, before_body, after_body,
        before_resources, after_resources FROM journal`,
      'DROP TABLE journal',
      'ALTER TABLE journal_by_id RENAME TO journal',
      'CREATE INDEX journal_uid ON journal (uid, id)',
      'CREATE INDEX journal_run ON journal (run, id) WHERE run IS NOT NULL',
    ],
  },
  {
    id: 10,
    // Few wait for a person, and each look at a remote asks for them.
    sql: ['CREATE INDEX shadow_held ON shadow (binding_id) WHERE held = 1'],
  },
  {
    id: 11,
    // A cursor may be long, and a row is read and written whole.
    sql: [
      'CREATE TABLE binding_cursor (binding_id TEXT PRIMARY KEY, cursor TEXT NOT NULL)',
      'INSERT INTO binding_cursor SELECT id, cursor FROM binding WHERE cursor IS NOT NULL',
      'ALTER TABLE binding DROP COLUMN cursor',
    ],
  },
]
