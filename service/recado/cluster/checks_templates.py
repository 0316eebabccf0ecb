"""The doctor's check of the templates for outside Meta's window."""

from collections.abc import Iterator

import httpx
import msgspec

from recado.cluster.doctor import Finding, Installation, Level, fault, ok
from recado.settings import AfterWindow, Settings
from recado.whatsapp.outside import Forms
from recado.whatsapp.templates import FIELDS, Approved, page, problems

#: An account has 250 templates, or 6,000 when it is verified.
A_PAGE, MOST_PAGES = "1000", 10


def templates(installation: Installation) -> Iterator[Finding]:
    """Checks that each configured template is in the account, is approved, and has the parameters that recado fills."""
    set_ = installation.settings
    if set_.get("RECADO_AFTER_WINDOW", AfterWindow.NONE) != AfterWindow.TEMPLATE:
        return
    account = set_.get("WHATSAPP_BUSINESS_ACCOUNT_ID", "")
    url = f"{installation.api_url}/{installation.api_version}/{account}/message_templates"
    headers = {"authorization": f"Bearer {installation.secret_value('WHATSAPP_ACCESS_TOKEN')}"}
    copies: list[Approved] = []
    asked = {"fields": FIELDS, "limit": A_PAGE}
    try:
        for _ in range(MOST_PAGES):
            status, body = installation.fetch(url, asked, headers)
            one = page(body.encode())
            copies += one.templates
            if not one.after:
                break
            asked["after"] = one.after
    except httpx.HTTPError as error:
        yield Finding(Level.UNSEEN, "templates", f"Meta cannot be asked from here: {type(error).__name__}")
        return
    except msgspec.DecodeError:
        fix = "compare WHATSAPP_BUSINESS_ACCOUNT_ID with WhatsApp Manager; the token needs whatsapp_business_management"
        yield fault("templates", f"account {account}: Meta responds {status} without its templates", fix)
        return
    forms = _forms(set_)
    for name, example in forms.templates.items():
        if wrong := list(problems(example, copies)):
            fix = "create it in WhatsApp Manager as docs/operations.md says, or name another one in the settings"
            yield fault("templates", f"{name} cannot be sent: {'; '.join(wrong)}", fix)
        else:
            yield ok("templates", f"{name} is approved and fits")


def _forms(set_: dict[str, str]) -> Forms:
    default = Settings()
    return Forms(
        mode=AfterWindow.TEMPLATE,
        quote=set_.get("RECADO_TEMPLATE_QUOTE", default.template_quote),
        order=set_.get("RECADO_TEMPLATE_ORDER", default.template_order),
        language=set_.get("RECADO_TEMPLATE_LANGUAGE", default.template_language),
    )
