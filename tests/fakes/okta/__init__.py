"""A fake Okta of our own, since Okta itself cannot be run here.

A real HTTP server on loopback. It serves the shapes that Okta documents
(developer.okta.com/docs/api/openapi/okta-management) for what Trueup reads, with paging by Link
headers, rate-limit headers, SSWS and private_key_jwt, and Okta's error bodies; and, on demand,
the faults of `faults.py`. What it proves about Okta is only as good as that reading.
"""

from tests.fakes.okta.directory import App, Directory, Group, User
from tests.fakes.okta.faults import FAULTS, Fault
from tests.fakes.okta.server import FakeOkta

__all__ = ["FAULTS", "App", "Directory", "FakeOkta", "Fault", "Group", "User"]
