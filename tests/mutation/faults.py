"""Faults that somebody might make, each as one exact replacement in one file.

A text that the file does not hold exactly once is a failure: whoever changes the code says
here what the same fault would be now.
"""

from tests.mutation.door_faults import DOOR_FAULTS
from tests.mutation.fault import Fault
from tests.mutation.scim_faults import SCIM_FAULTS

VERDICT = ("tests/unit/test_verdict.py", "tests/model/test_agreement.py")
PLAN = ("tests/unit/test_plan.py", "tests/store/test_invariants_removals.py")
GUARD = ("tests/unit/test_guard.py", "tests/store/test_invariants_removals.py")
NARROWING = ("tests/store/test_cases.py",)
EVIDENCE = ("tests/unit/test_evidence.py", "tests/model/test_agreement.py")
CERTIFICATE = ("tests/unit/test_certificate.py", "tests/store/test_invariants_reads.py")
LEDGER = ("tests/store/test_ledger.py", "tests/model/test_agreement.py")
READING = ("tests/store/test_invariants_reads.py", "tests/model/test_agreement.py")


def _verdict(what: str, right: str, wrong: str) -> Fault:
    return Fault(what, "sync/verdict.py", right, wrong, VERDICT)


def _plan(what: str, right: str, wrong: str) -> Fault:
    return Fault(what, "sync/plan.py", right, wrong, PLAN)


def _guard(what: str, right: str, wrong: str) -> Fault:
    return Fault(what, "sync/guard.py", right, wrong, GUARD)


def _narrowing(what: str, right: str, wrong: str) -> Fault:
    return Fault(what, "models/store/narrowing.py", right, wrong, NARROWING)


def _evidence(what: str, right: str, wrong: str) -> Fault:
    return Fault(what, "models/evidence.py", right, wrong, EVIDENCE)


def _certificate(what: str, right: str, wrong: str) -> Fault:
    return Fault(what, "sync/reading/certificate.py", right, wrong, CERTIFICATE)


FAULTS = [
    _verdict(
        "the oldest word wins",
        "return one.as_of > other.as_of",
        "return one.as_of < other.as_of",
    ),
    _verdict(
        "at a tie access is lost",
        "return isinstance(one, Yes) and isinstance(other, No)",
        "return isinstance(one, No) and isinstance(other, Yes)",
    ),
    _verdict(
        "stale evidence decides",
        "if is_stale(channel, word, policy, now):",
        "if False and is_stale(channel, word, policy, now):",
    ),
    _verdict(
        "one complete read makes somebody gone",
        "isinstance(pull, No) and not pull.is_confirmed:",
        "isinstance(pull, No) and False:",
    ),
    _verdict(
        "a wide read admits",
        "if isinstance(pull, Yes) and not policy.pull_admits:",
        "if False:",
    ),
    _verdict(
        "whom nobody assigned is let in",
        'return Verdict(Answer.HOLD, "Nobody has assigned',
        'return Verdict(Answer.YES, "Nobody has assigned',
    ),
    _verdict(
        "a token grants beside a directory",
        "if policy.login_grants is Grants.LEASE and",
        "if",
    ),
    _verdict(
        "a token older than the directory grants",
        "or login.as_of <= _denied_at(decided, testimony):",
        "or False:",
    ),
    _verdict("what an administrator removed comes back", "    if removed_at:", "    if False:"),
    _plan(
        "a hold on a user removes",
        "case Answer.HOLD:\n            return None\n        case Answer.NO:",
        "case Answer.NO | Answer.HOLD:",
    ),
    _plan(
        "a group that goes is emptied first, one by one",
        "one.operation is not removal or one.group not in going",
        "True",
    ),
    _plan(
        "a hold on a membership removes",
        "if case.verdict.answer is Answer.HOLD or wanted == case.held",
        "if wanted == case.held",
    ),
    _plan(
        "a foreign user is changed",
        "if held is not None and held.ownership is Ownership.FOREIGN:",
        "if False:",
    ),
    _plan(
        "a foreign group is changed",
        "or (held and held.ownership is Ownership.FOREIGN):",
        "or False:",
    ),
    _plan("a user is deleted at once", "if held.active and retention > 0:", "if False:"),
    _plan("a disabled user is not kept", "< retention:", "< 0:"),
    _plan(
        "removing a member draws on no budget",
        "draws_on=None if wanted else removal",
        "draws_on=None",
    ),
    _plan(
        "what is referred to comes last",
        "key=lambda one: (ORDER[one.operation],",
        "key=lambda one: (-ORDER[one.operation],",
    ),
    _guard(
        "what was drawn before is forgotten",
        "if drawn + asked[budget] > allowed:",
        "if asked[budget] > allowed:",
    ),
    _guard(
        "the last removal of a budget is held",
        "if drawn + asked[budget] > allowed:",
        "if drawn + asked[budget] >= allowed:",
    ),
    _guard("the smaller of floor and share counts", "max(self.floor,", "min(self.floor,"),
    _guard("a group may lose everybody", "if drawn + len(found) > allowed:", "if False:"),
    _guard("the protected are not", "if not planned.is_removal:", "if True:"),
    _guard(
        "a deleted group takes any number along",
        "if along and drawn + along > allowed:",
        "if False:",
    ),
    _guard(
        "what is held goes on all the same",
        "return Hold(tuple(going), _joined(stopped))",
        "return Hold(tuple(planned), _joined(stopped))",
    ),
    _guard(
        "every budget is as large as that for words of the provider",
        "return EXPLICIT_TIMES if budget.is_explicit else 1",
        "return EXPLICIT_TIMES",
    ),
    _narrowing(
        "who is missing from a pushed list is overlooked",
        "\n    OR (m.push_yes = 0 AND g.push_cover > 0)",
        "",
    ),
    _narrowing(
        "who is missing from a read is overlooked",
        '"m.pull_yes = 0 AND g.pull_known"',
        '"1 = 0"',
    ),
    _narrowing(
        "who is missing from a token is overlooked",
        '"m.login_yes = 0 AND g.login_known"',
        '"1 = 0"',
    ),
    _narrowing(
        "the yes of a token is overlooked",
        '\n    OR (m.login_yes > 0 AND m.login_yes >= m.login_no)"""',
        '"""',
    ),
    _narrowing(
        "who is held and not wanted is overlooked",
        "there = WANTED | BOUND if group.is_wanted else BOUND",
        "there = WANTED",
    ),
    _narrowing(
        "who is to be added is overlooked",
        "if user in held else said & YES)",
        "if user in held else 0)",
    ),
    Fault(
        "a user that only the target has is overlooked",
        "models/store/cases.py",
        " OR b.remote_id IS NOT NULL",
        "",
        NARROWING,
    ),
    _evidence(
        "a cover affirms whom it denied",
        "if no < one.no_as_of and newest < one.yes_as_of:",
        "if newest < one.yes_as_of:",
    ),
    _evidence(
        "every silence of a read counts as confirmed",
        "_is_confirmed(no, covers), yes, is_named)",
        "True, yes, is_named)",
    ),
    _evidence(
        "a late yes passes the cover that denied it",
        "join(Marks(no=denied))",
        "join(Marks(no=0))",
    ),
    _evidence(
        "a late no passes the cover that affirmed",
        "join(Marks(yes=listed))",
        "join(Marks(yes=0))",
    ),
    _certificate("a read without an end is whole", "if ended is None:", "if False:"),
    _certificate(
        "fewer than the provider counts is whole",
        "if expected is not None and listed < expected:",
        "if False:",
    ),
    _certificate(
        "a third of the company is whole", "before - listed > 3:", "before - listed > 3000:"
    ),
    _certificate(
        "groups whose members were never told are whole", "if seen.silent_groups:", "if False:"
    ),
    Fault(
        "a pushed list denies nobody",
        "models/store/memberships.py",
        "    deny(tx, channel, as_of, group, before - users, now=now)\n",
        "",
        LEDGER,
    ),
    Fault(
        "a late yes of a membership passes the cover that denied it",
        "models/store/marks.py",
        "THEN :denied ELSE {channel}_no END",
        "THEN {channel}_no ELSE {channel}_no END",
        LEDGER,
    ),
    Fault(
        "a mark can fall",
        "models/store/marks.py",
        "WHERE group_id = :group AND user_id = :user AND {channel}_no < :at",
        "WHERE group_id = :group AND user_id = :user",
        LEDGER,
    ),
    Fault(
        "who is in a group counts, though the read lists no such user",
        "sync/reading/pull.py",
        "self.roll.places(self.roll.present(part.users))",
        "self.roll.places(part.users)",
        ("tests/store/test_digests.py",),
    ),
    Fault(
        "who was spoken of before is listed in vain",
        "models/store/memberships.py",
        "raised = plain  # for others spoke of some meanwhile",
        "pass",
        ("tests/store/test_merge.py",),
    ),
    Fault(
        "an incomplete read concludes",
        "sync/work.py",
        "if certificate.is_complete:",
        "if True:",
        READING,
    ),
    Fault(
        "a removal is carried out though its reason changed",
        "sync/deliver.py",
        "return not fresh.is_removal or fresh.fingerprint == row.fingerprint",
        "return True",
        ("tests/store/test_stories.py", "tests/store/test_doubts.py"),
    ),
    *SCIM_FAULTS,
    *DOOR_FAULTS,
]
