"""The section that says how values are tidied and which rows are refused, and what cleaning finds for itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import permutations
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from tidemill.units import is_unit
from tidemill.usecase.section import Section
from tidemill.usecase.values import Columns, FieldError, Range, Text, Texts

__all__ = ["Bounds", "Case", "CleanRules", "Fitted", "Outliers"]

Case = Literal["keep", "lower", "upper", "title"]
Then = Literal["clip", "null", "refuse"]
Fill = bool | float | str
_PROBE = datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC)


def _check_quantiles(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] >= value[1]:
        raise ValueError("the lower share comes first, such as `[0.001, 0.999]`")
    return value


def _check_unit(value: str) -> str:
    if not is_unit(value):
        raise ValueError(f"`{value}` is no unit that I know: write it like kg, m/s, %, or USD")
    return value


def _check_format(value: str) -> str:
    try:
        read = datetime.strptime(_PROBE.strftime(value), value)
    except ValueError:
        read = datetime.min
    if (read.year, read.month, read.day) != (_PROBE.year, _PROBE.month, _PROBE.day):
        raise ValueError(f"`{value}` does not tell a date: it needs day, month and year, such as `%d/%m/%Y`")
    return value


Quantiles = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]],
    AfterValidator(_check_quantiles),
    WithJsonSchema(
        {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 2, "maxItems": 2}
    ),
]
Unit = Annotated[Text, AfterValidator(_check_unit)]
TimeFormat = Annotated[Text, AfterValidator(_check_format)]


class Outliers(Section):
    """Which values of a column lie too far out, by one of three measures, and what becomes of them."""

    range: Range | None = Field(None, description="Lowest and highest value, with `null` for no bound.")
    robust_z: float | None = Field(
        None,
        gt=0,
        description="Most distance from the median, in robust standard deviations (1.4826 times the median absolute "
        "deviation) of the training rows, such as `5`.",
    )
    quantile: Quantiles | None = Field(
        None, description="Shares of the training rows that lie below the lowest and highest value: `[0.001, 0.999]`."
    )
    then: Then = Field(
        "clip", description="`clip` puts the bound in their place, `null` takes them away, `refuse` refuses the row."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Outliers:
        if sum(value is not None for value in (self.range, self.robust_z, self.quantile)) != 1:
            raise FieldError("range", "give one of `range`, `robust_z` and `quantile`")
        return self


class Bounds(Section):
    """The numbers that an outlier rule came to."""

    low: float | None = None
    high: float | None = None
    then: Then


class Fitted(Section):
    """What cleaning found in the training rows, so that serving does the same.

    ``spellings`` maps, by column, a folded text (see :func:`tidemill.cleaning.texts.folded`) to the spelling that
    stands for all of its kind.
    """

    spellings: dict[str, dict[str, str]] = Field(default_factory=dict)
    bounds: dict[str, Bounds] = Field(default_factory=dict)
    fill: dict[str, Fill] = Field(default_factory=dict)


class CleanRules(Section):
    """How rows are tidied, and which are refused."""

    deduplicate: bool = Field(True, description="Keep one of rows that are equal in every column.")
    unique_id: bool = Field(True, description="Keep the newest row of each `id`, when the use case names one.")
    strip: bool = Field(True, description="Trim white space around text, and read empty text as missing.")
    spaces: bool = Field(
        True, description="Make one space of any white space within text, and of equal characters one (Unicode NFC)."
    )
    missing: Texts = Field(
        ("NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"), description="Texts that mean missing."
    )
    missing_numbers: dict[str, tuple[float, ...]] = Field(
        default_factory=dict, description="Numbers that mean missing in a column, such as `{age: [-999]}`."
    )
    units: dict[str, Unit] = Field(
        default_factory=dict,
        description="The unit of a column of numbers, such as `{weight: kg}`: `154 lb` is converted, a bare number "
        "is in it already. Also `%`, and currencies by sign or code, which are not converted.",
    )
    time_formats: dict[str, Annotated[tuple[TimeFormat, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="How the times of a column are written where it is not ISO 8601, such as `{when: ['%d/%m/%Y']}`; "
        "the first that fits counts.",
    )
    case: Case | dict[str, Case] = Field(
        "keep", description="Letters of categories: for all columns, or by column, such as `{city: title}`."
    )
    synonyms: dict[str, dict[str, Text]] = Field(
        default_factory=dict, description="What texts of a column stand for, such as `{city: {NYC: New York}}`."
    )
    spellings: Literal["merge", "keep"] = Field(
        "merge",
        description="`merge`: values of a category that differ in case or white space only are one, spelt as the most "
        "frequent of them.",
    )
    ranges: dict[str, Range] = Field(
        default_factory=dict,
        description="Lowest and highest possible value of a column, such as `{age: [0, 120]}`, "
        "with `null` for no bound; rows beyond are refused.",
    )
    outliers: dict[str, Outliers] = Field(
        default_factory=dict,
        description="What to do with values that lie too far out, as `{fare: {quantile: [0, 0.999], then: clip}}`.",
    )
    required: Columns = Field((), description="Columns that must have a value; rows without are refused.")
    fill: dict[str, Fill] = Field(
        default_factory=dict,
        description="What stands for a missing value of a column: a value, or `median` or `mode` of the training rows.",
    )
    fitted: SkipJsonSchema[Fitted | None] = Field(None, description="What cleaning found; not for a file.")

    @model_validator(mode="after")
    def _goes_together(self) -> CleanRules:
        for name, words in self.synonyms.items():
            for word, meant in words.items():
                if meant in words and words[meant] != meant:
                    raise FieldError(("synonyms", name, word), f"`{meant}` has a synonym itself: name the last one")
        for name, value in self.fill.items():
            if isinstance(value, float | int) and value in self.missing_numbers.get(name, ()):
                raise FieldError(("fill", name), f"{value:g} means missing in `{name}`: fill with another value")
        for name, formats in self.time_formats.items():
            self._check_order(name, formats)
        return self

    def _check_order(self, name: str, formats: tuple[str, ...]) -> None:
        """Two formats that read one text as two dates can't both be right."""
        for one, other in permutations(formats, 2):
            text = _PROBE.strftime(one)
            try:
                read = datetime.strptime(text, other)
            except ValueError:
                continue
            if (read.month, read.day) != (_PROBE.month, _PROBE.day):
                raise FieldError(("time_formats", name), f"`{one}` and `{other}` read {text} as two dates: keep one")

    @model_serializer(mode="wrap")
    def _as_in_a_file(self, said: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Rules that were not fitted are said as a file says them."""
        found: dict[str, Any] = said(self)
        return {name: value for name, value in found.items() if name != "fitted" or value is not None}

    def case_of(self, column: str) -> Case:
        """What becomes of the letters of a column of categories."""
        return self.case.get(column, "keep") if isinstance(self.case, Mapping) else self.case
