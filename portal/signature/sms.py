"""Text messages through the gateway of the installation: one HTTP call, nothing else to know.

The gateway is given by its address. It receives `{"to": "+33612345678", "text": "…"}` as JSON and
answers 2xx once it has taken the message; credentials stand in the address (basic authentication).
"""

import re

from portal import french

SECONDS = 8.0  # the person is waiting in front of the page
_MOBILE = re.compile(r"(?:\+33|0033|0)([67][0-9]{8})")


class NotSent(RuntimeError):
    """The gateway did not take the message; the text is for the journal of the machine."""


def mobile(phone: str | None) -> str | None:
    """« +33612345678 » for a French mobile number, however it is spelt; None for anything else."""
    match = _MOBILE.fullmatch(re.sub(r"[\s.\-()]", "", french.clean(phone or "")))
    return f"+33{match[1]}" if match else None


def send(gateway: str, number: str, text: str) -> None:
    """Hands one message over. Raises NotSent; never says the text or the address of the gateway."""
    import httpx  # 2 MiB, spared to every process of an installation without a gateway

    try:
        answer = httpx.post(
            gateway, json={"to": number, "text": text}, timeout=SECONDS, follow_redirects=False
        )
    except httpx.HTTPError as error:
        raise NotSent(type(error).__name__) from error
    if not answer.is_success:
        raise NotSent(f"HTTP {answer.status_code}")
