"""A Django project that has nothing but users and groups."""

import os

from psycopg.conninfo import conninfo_to_dict

_asked = conninfo_to_dict(os.environ["DJANGO_URL"])

SECRET_KEY = "of a benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "benchmarks.django_scim2.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_scim",
    "benchmarks.django_scim2",
]
MIDDLEWARE = ["benchmarks.django_scim2.token.check"]
AUTH_USER_MODEL = "django_scim2.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES = {"auth": None, "contenttypes": None}  # tables are made as they are now
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _asked.get("host", ""),
        "PORT": _asked.get("port", ""),
        "USER": _asked.get("user", ""),
        "PASSWORD": _asked.get("password", ""),
        "NAME": _asked.get("dbname", ""),
        "CONN_MAX_AGE": None,
    }
}
SCIM_SERVICE_PROVIDER = {
    "SCHEME": "http",
    "NETLOC": "127.0.0.1",
    "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "OAuth Bearer Token"}],
    "GROUP_MODEL": "benchmarks.django_scim2.models.Group",
}
