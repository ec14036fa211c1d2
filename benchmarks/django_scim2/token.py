"""Lets in who has the token."""

import hmac
import os
from collections.abc import Callable
from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse

CLIENT = SimpleNamespace(is_authenticated=True, is_anonymous=False)


def check(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    wanted = f"Bearer {os.environ['DJANGO_TOKEN']}"

    def checked(request: HttpRequest) -> HttpResponse:
        if hmac.compare_digest(request.headers.get("Authorization", ""), wanted):
            request.user = CLIENT
        return answer(request)

    return checked
