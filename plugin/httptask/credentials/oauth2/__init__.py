"""OAuth 2.0 (RFC 6749): obtaining, storing and refreshing tokens, and putting them into requests.

The choices in a credential are rows of tables: grants in `_grants`, client authentication methods
in `_authentication`, fields in `_schema`.
"""

from httptask.credentials.oauth2._authentication import AUTHENTICATIONS
from httptask.credentials.oauth2._consent import AuthorizationConsent
from httptask.credentials.oauth2._device import DeviceConsent
from httptask.credentials.oauth2._grants import GRANTS
from httptask.credentials.oauth2._scheme import OAuth2

__all__ = ["AUTHENTICATIONS", "GRANTS", "AuthorizationConsent", "DeviceConsent", "OAuth2"]
