"""What comes in, as any database can look it up and keep it."""

from typing import Any

from htmx_flask.requests import HtmxAwareRequest
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.routing import IntegerConverter, Map


class PlainValues(ImmutableMultiDict[str, Any]):
    """What a form or a question holds; a NUL, which PostgreSQL cannot keep, is substituted."""

    def __init__(self, mapping: Any = None) -> None:
        given = MultiDict(mapping).items(multi=True)
        super().__init__([(_without_nul(name), _without_nul(value)) for name, value in given])


class RowNumber(IntegerConverter):
    """`<int:…>` in an address: a number that a row may have, on PostgreSQL too."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**31 - 1)


class PlainRequest(HtmxAwareRequest):
    """A request whose texts any database keeps and finds."""

    parameter_storage_class = PlainValues


def _without_nul(value: Any) -> Any:
    return value.replace("\0", "\x1a") if isinstance(value, str) else value
