/** Names of time zones that are not IANA's: tables only. */

/** Where CLDR, and so `Intl`, still lists an older spelling than IANA's own. */
export const renamed: Readonly<Record<string, string>> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Catamarca': 'America/Argentina/Catamarca',
  'America/Coral_Harbour': 'America/Atikokan',
  'America/Cordoba': 'America/Argentina/Cordoba',
  'America/Godthab': 'America/Nuuk',
  'America/Indianapolis': 'America/Indiana/Indianapolis',
  'America/Jujuy': 'America/Argentina/Jujuy',
  'America/Louisville': 'America/Kentucky/Louisville',
  'America/Mendoza': 'America/Argentina/Mendoza',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
}

/** IANA names without a slash, in lower case. */
export const plainNames: ReadonlySet<string> = new Set(
  (
    'cet cst6cdt cuba eet egypt eire est est5edt gb gb-eire gmt gmt+0 gmt-0 gmt0 greenwich hongkong hst iceland iran ' +
    'israel jamaica japan kwajalein libya met mst mst7mdt navajo nz nz-chat poland portugal prc pst8pdt roc rok ' +
    'singapore turkey uct universal utc w-su wet zulu'
  ).split(' '),
)

/** Windows names whose first zone has left them since: Chihuahua keeps Central time since 2022. */
export const windowsMoves: Readonly<Record<string, string>> = {
  'Mountain Standard Time (Mexico)': 'America/Mazatlan',
}

/** Windows names that Microsoft has retired, as the name that follows them. */
export const retiredWindowsNames: Readonly<Record<string, string>> = {
  'armenian standard time': 'Caucasus Standard Time',
  'kamchatka standard time': 'Russia Time Zone 11',
  'mexico standard time': 'Central Standard Time (Mexico)',
  'mexico standard time 2': 'Mountain Standard Time (Mexico)',
  'mid-atlantic standard time': 'UTC-02',
}

/**
 * Display names of Outlook and Exchange without their `(UTC+01:00)`, as Windows names. Only those whose words are not
 * the cities of IANA zones: `Osaka, Sapporo, Tokyo` is understood by its cities.
 */
export const displayNames: Readonly<Record<string, string>> = {
  'abu dhabi, muscat': 'Arabian Standard Time',
  alaska: 'Alaskan Standard Time',
  'aleutian islands': 'Aleutian Standard Time',
  arizona: 'US Mountain Standard Time',
  astana: 'Central Asia Standard Time',
  'astana, dhaka': 'Central Asia Standard Time',
  'atlantic time (canada)': 'Atlantic Standard Time',
  azores: 'Azores Standard Time',
  'baja california': 'Pacific Standard Time (Mexico)',
  'beijing, chongqing, hong kong, urumqi': 'China Standard Time',
  'bougainville island': 'Bougainville Standard Time',
  brasilia: 'E. South America Standard Time',
  'cabo verde is.': 'Cape Verde Standard Time',
  'cape verde is.': 'Cape Verde Standard Time',
  'caucasus standard time': 'Caucasus Standard Time',
  'central america': 'Central America Standard Time',
  'central time (us & canada)': 'Central Standard Time',
  'chatham islands': 'Chatham Islands Standard Time',
  'chihuahua, la paz, mazatlan': 'Mountain Standard Time (Mexico)',
  'city of buenos aires': 'Argentina Standard Time',
  'coordinated universal time': 'UTC',
  'coordinated universal time+12': 'UTC+12',
  'coordinated universal time+13': 'UTC+13',
  'coordinated universal time-02': 'UTC-02',
  'coordinated universal time-08': 'UTC-08',
  'coordinated universal time-09': 'UTC-09',
  'coordinated universal time-11': 'UTC-11',
  'easter island': 'Easter Island Standard Time',
  'eastern time (us & canada)': 'Eastern Standard Time',
  ekaterinburg: 'Ekaterinburg Standard Time',
  екатеринбург: 'Ekaterinburg Standard Time',
  fiji: 'Fiji Standard Time',
  'fiji, marshall is.': 'Fiji Standard Time',
  'georgetown, la paz, manaus, san juan': 'SA Western Standard Time',
  greenland: 'Greenland Standard Time',
  haiti: 'Haiti Standard Time',
  'harare, pretoria': 'South Africa Standard Time',
  hawaii: 'Hawaiian Standard Time',
  'indiana (east)': 'US Eastern Standard Time',
  'international date line west': 'Dateline Standard Time',
  'kiritimati island': 'Line Islands Standard Time',
  'la paz, mazatlan': 'Mountain Standard Time (Mexico)',
  'lord howe island': 'Lord Howe Standard Time',
  'marquesas islands': 'Marquesas Standard Time',
  'midway island, samoa': 'UTC-11',
  'mountain time (us & canada)': 'Mountain Standard Time',
  newfoundland: 'Newfoundland Standard Time',
  'norfolk island': 'Norfolk Standard Time',
  "nuku'alofa": 'Tonga Standard Time',
  'pacific time (us & canada)': 'Pacific Standard Time',
  'pacific time (us & canada); tijuana': 'Pacific Standard Time',
  'port louis': 'Mauritius Standard Time',
  'saint pierre and miquelon': 'Saint Pierre Standard Time',
  salvador: 'Bahia Standard Time',
  samoa: 'Samoa Standard Time',
  saskatchewan: 'Canada Central Standard Time',
  'solomon is., new caledonia': 'Central Pacific Standard Time',
  'sri jayawardenepura': 'Sri Lanka Standard Time',
  'turks and caicos': 'Turks And Caicos Standard Time',
  'tzone://microsoft/utc': 'UTC',
  'west central africa': 'W. Central Africa Standard Time',
  'western/central europe': 'W. Europe Standard Time',
  'yangon (rangoon)': 'Myanmar Standard Time',
  yukon: 'Yukon Standard Time',
}

/** Of zones that keep the same clock the one to name, earlier first; where none is listed, the first by alphabet. */
export const wellKnown: readonly string[] = [
  'UTC',
  'Europe/London',
  'Europe/Berlin',
  'Europe/Paris',
  'Europe/Helsinki',
  'Europe/Athens',
  'Europe/Istanbul',
  'Europe/Moscow',
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Phoenix',
  'America/Los_Angeles',
  'America/Anchorage',
  'Pacific/Honolulu',
  'America/Halifax',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Bogota',
  'America/Mexico_City',
  'Africa/Johannesburg',
  'Africa/Lagos',
  'Africa/Nairobi',
  'Asia/Dubai',
  'Asia/Karachi',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Dhaka',
  'Asia/Yangon',
  'Asia/Bangkok',
  'Asia/Shanghai',
  'Asia/Tokyo',
  'Australia/Adelaide',
  'Australia/Darwin',
  'Australia/Brisbane',
  'Australia/Sydney',
  'Pacific/Auckland',
]
