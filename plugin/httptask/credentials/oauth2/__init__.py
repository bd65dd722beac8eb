"""OAuth 2.0 (RFC 6749): a token is asked for, kept, refreshed, and put into requests.

What is one word in a credential is one row here: a grant in `_grants`, a way for the client to
authenticate in `_authentication`, a field in `_schema`.
"""

from httptask.credentials.oauth2._authentication import AUTHENTICATIONS
from httptask.credentials.oauth2._consent import AuthorizationConsent
from httptask.credentials.oauth2._device import DeviceConsent
from httptask.credentials.oauth2._grants import GRANTS
from httptask.credentials.oauth2._scheme import OAuth2

__all__ = ["AUTHENTICATIONS", "GRANTS", "AuthorizationConsent", "DeviceConsent", "OAuth2"]
