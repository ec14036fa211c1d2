"""Okta as a directory we read."""

from connectors.okta.settings import AppScope, GroupScope, OktaPull
from connectors.okta.source import Okta

__all__ = ["AppScope", "GroupScope", "Okta", "OktaPull"]
