"""Microsoft Entra ID as a directory that we read, by Microsoft Graph."""

from connectors.entra.settings import AppAssignment, EntraPull, NamedGroups
from connectors.entra.source import Entra
from connectors.entra.token import ClientToken

__all__ = ["AppAssignment", "ClientToken", "Entra", "EntraPull", "NamedGroups"]
