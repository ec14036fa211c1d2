"""Faults at the SCIM door: who is let in, what is kept, what is forgiven."""

from tests.mutation.fault import Fault

REQUESTS = ("tests/api/test_scim_requests.py",)
TOLERANCES = ("tests/api/test_scim_tolerances.py",)
ATTEMPTS = ("tests/unit/test_attempts.py",)
SECRECY = ("tests/unit/test_secrecy.py",)
COMPANY = "tests/store/test_company.py"

DOOR_FAULTS = [
    Fault(
        "an expired token opens",
        "models/store/accounts.py",
        "          AND (s.expires_at IS NULL OR s.expires_at > :now)\n",
        "",
        ("tests/api/test_scim_auth.py",),
    ),
    Fault(
        "trying on makes the wait longer",
        "api/attempts.py",
        "free_at if over > 0 else free_at + PAUSE",
        "free_at + PAUSE",
        ATTEMPTS,
    ),
    Fault(
        "what a stranger wrote before the proxy is believed",
        "api/addresses.py",
        "hops.pop()",
        "hops.pop(0)",
        ATTEMPTS,
    ),
    Fault(
        "the token of the door is kept",
        "api/scim/record.py",
        "return text.replace(self.token, secrecy.REMOVED)",
        "return text",
        REQUESTS,
    ),
    Fault(
        "an escape hides the name of a secret",
        "api/scim/secrecy.py",
        'for word in _WORDS), b"\\\\u")',
        "for word in _WORDS),)",
        SECRECY,
    ),
    Fault(
        "what an address encodes without need is not looked at",
        "api/scim/secrecy.py",
        "if not _VEILED.search(part) and token not in part:",
        "if token not in part:",
        SECRECY,
    ),
    Fault(
        "a change may be without its record",
        "api/scim/auth.py",
        "            requests.keep(tx, row, connection=push.connection.key)\n",
        "            self.context.request_log.keep(row)\n",
        REQUESTS,
    ),
    Fault(
        "a refusal leaves no record",
        "api/scim/door.py",
        "                caller.keep(response, error)\n",
        "                pass\n",
        REQUESTS,
    ),
    Fault(
        "a stranger leaves a record",
        "api/scim/auth.py",
        "if isinstance(error, Unauthorized | TooManyRequests):",
        "if False:",
        REQUESTS,
    ),
    Fault(
        "there is no allowance",
        "api/scim/request_log.py",
        "if self._kept[key, kind] >= most or",
        "if",
        REQUESTS,
    ),
    Fault(
        "a rehearsal is kept",
        "sync/pushing/rehearsal.py",
        "with database.trial() as tx:",
        "with database.write() as tx:",
        REQUESTS,
    ),
    Fault(
        "what could do harm is forgiven unasked",
        "api/scim/forgiving.py",
        "is_allowed = tolerance.name in (USUAL if note is None else note.allowed)",
        "is_allowed = True",
        TOLERANCES,
    ),
    Fault(
        "nobody can refuse a returning user",
        "sync/pushing/voice.py",
        "not tolerance.is_settable or tolerance.name in self.connection.policy.tolerances",
        "True",
        TOLERANCES,
    ),
    Fault(
        "what is kept in mind of a filter hides its quirk",
        "api/scim/filters.py",
        "    if is_selection_compared:\n        forgive(tolerances.SELECTION_COMPARED)\n",
        "",
        TOLERANCES,
    ),
    # -- what shares a transaction
    Fault(
        "who is over the budget takes along whoever came together",
        "sync/intake.py",
        "if len(parts) == 1 or isinstance(ruling, Proceed):",
        "if True:",
        (COMPANY,),
    ),
    Fault(
        "what a work left to be done outlives its failure",
        "models/store/desk.py",
        " or tx.progress != before:",
        ":",
        (COMPANY,),
    ),
    Fault(
        "a setting is believed though it was changed",
        "models/store/database.py",
        "        if table in SETTINGS:\n            self._minded.clear()\n",
        "",
        (COMPANY,),
    ),
    Fault(
        "what a request touched is decided only if nobody came with it",
        "sync/intake.py",
        "parts = {id(one.touched): one.touched for one in asked if one.connection.key == key}",
        "parts = {id(last.touched): last.touched}",
        (COMPANY,),
    ),
]
