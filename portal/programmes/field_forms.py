"""Two fields of programmes: a length of time, and a list with one text per line."""

import re
from typing import Any

from wtforms import Form, TextAreaField
from wtforms.validators import ValidationError

from portal import french
from portal.fields import ParsedField


class DurationField(ParsedField):
    """A length of time: « 14 », « 14 h », « 3 h 30 », « 3,5 » (hours); `data` is in minutes."""

    def parse(self, typed: str) -> int:
        match = re.fullmatch(
            r"([0-9]{1,4})(?:\s?h(?:eures?)?\s?([0-9]{2})?|[.,]([0-9]{1,2})(?:\s?h)?)?",
            typed.lower(),
        )
        if not match:
            raise ValueError("Écrivez la durée en heures, comme 14 ou 3 h 30")
        minutes = int(match[1]) * 60 + int(match[2] or 0)
        hundredths = int((match[3] or "0").ljust(2, "0"))
        minutes += (hundredths * 60 + 50) // 100
        if int(match[2] or 0) > 59 or not minutes:
            raise ValueError("Écrivez la durée en heures, comme 14 ou 3 h 30")
        return minutes

    def show(self, value: int) -> str:
        hours, rest = divmod(value, 60)
        return f"{hours} h {rest:02d}" if rest else str(hours)


class LinesField(TextAreaField):
    """One text per line; `data` is their list, without the dashes people put before them."""

    def __init__(self, *args: Any, most: int = 40, length: int = 400, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most, self.length = most, length

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            lines = french.clean(str(valuelist[0])).splitlines()
            bare = (re.sub(r"^[-–—•*]\s*", "", line.strip()) for line in lines)
            self.data = [line for line in bare if line]

    def _value(self) -> str:
        return "\n".join(self.data or ())

    def post_validate(self, form: Form, validation_stopped: bool) -> None:
        if len(self.data or ()) > self.most:
            raise ValidationError(f"{self.most} lignes au plus, il y en a {len(self.data)}")
        long = next((line for line in self.data or () if len(line) > self.length), None)
        if long:
            raise ValidationError(
                f"Cette ligne est trop longue{french.NBSP}: {self.length} caractères au plus "
                f"({french.shorten(long, 40)})"
            )
