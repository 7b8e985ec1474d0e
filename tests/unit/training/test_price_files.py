"""Price files as their sources write them: read, or refused with every fault and its line."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from training.options import Options
from training.rejected import Rejected
from training.series import Series, read_series

PRICES = [61.18, 63.05, 63.27, 62.7]
DAYS = ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"]
PLAIN = "Date,Price\n" + "".join(
    f"{day},{price}\n" for day, price in zip(DAYS, PRICES, strict=True)
)


def read(tmp_path: Path, content: str | bytes, file: str = "wti.csv", **options: Any) -> Series:
    path = tmp_path / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_series(path, "wti", Options.model_validate(options))


def reason(tmp_path: Path, content: str | bytes, **options: Any) -> str:
    with pytest.raises(Rejected) as caught:
        read(tmp_path, content, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("header", "row", "options"),
    [
        ("observation_date,DCOILWTICO", "{day},{price}", {}),
        ("Date, Price", "{day}, {price}", {}),
        ("date,price", "{day},{price}", {}),
        ("Date,Price", "{day},{price},", {}),
        ("Date,Price,", "{day},{price},", {}),
        ("Date;Price", "{day};{price}", {}),
        ("Date\tPrice", "{day}\t{price}", {}),
        ("Date,Close", "{day} 00:00:00-05:00,{price}", {}),
        ("Date,Close", "{day}T00:00:00Z,{price}", {}),
        ("Date,Close/Last", "{us},${price}", {}),
        ("Date,Price", '{us},"1,0{price}"', {}),
        (
            "Back to Contents,Data 1: Cushing\nSourcekey,RWTC\nDate,WTI Spot (Dollars)",
            '"{words}",{price}',
            {},
        ),
        (
            "Price,Close,High\nTicker,CL=F,CL=F\nDate,,",
            "{day},{price},99",
            {"price_column": "Close"},
        ),
        (
            "Price,Close,Close\nTicker,BZ=F,CL=F\nDate,,",
            "{day},99,{price}",
            {"price_column": "Close CL=F"},
        ),
        ("Date,Open,Close", "{day},null,{price}", {"price_column": {"wti": "Close"}}),
        ("Date,Price,Note", '{day},{price},"two\nlines, ""quoted"""', {}),
    ],
)
def test_what_a_source_writes_is_read(
    tmp_path: Path, header: str, row: str, options: dict[str, Any]
) -> None:
    days = [date.fromisoformat(day) for day in ("2020-01-13", "2020-01-14", "2020-01-15")]
    rows = [
        row.format(day=day, us=f"{day:%m/%d/%Y}", words=f"{day:%b %d, %Y}", price=f"{60 + n}.5")
        for n, day in enumerate(days)
    ]
    found = read(tmp_path, "\n".join([header, *rows, ""]), **options)
    assert [day.date() for day in found.prices.index] == days
    assert [price % 100 for price in found.prices] == [60.5, 61.5, 62.5]


@pytest.mark.parametrize("cell", [".", "null", "NaN", "N/A", "#N/A", "ND", ""])
def test_a_day_without_a_price_is_written_in_many_ways(tmp_path: Path, cell: str) -> None:
    found = read(tmp_path, PLAIN.replace("63.27", cell), max_missing_share=0.5)
    assert found.missing == 1


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda text: text.decode().encode("utf-16"),
        lambda text: text.decode().encode("utf-16-le"),
        lambda text: text.decode().encode("utf-16-be"),
        lambda text: text.decode().encode("utf-8-sig"),
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\r"),
    ],
)
def test_a_file_is_what_its_bytes_are(tmp_path: Path, packed: Callable[[bytes], bytes]) -> None:
    assert list(read(tmp_path, packed(PLAIN.encode())).prices) == PRICES


def workbook(**sheets: list[tuple[str, str]]) -> bytes:
    """An .xlsx of texts."""
    content = io.BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(content, "w") as archive:
        numbered = list(enumerate(sheets, 1))
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        listed = "".join(f'<sheet name="{k}" sheetId="{n}" r:id="r{n}"/>' for n, k in numbered)
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>{listed}</sheets></workbook>',
        )
        targets = "".join(
            f'<Relationship Id="r{n}" Type="{relations}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n, _ in numbered
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{targets}</Relationships>',
        )
        for number, name in numbered:
            rows = "".join(
                f'<row r="{line}">'
                + "".join(
                    f'<c r="{column}{line}" t="inlineStr"><is><t>{cell}</t></is></c>'
                    for column, cell in zip("AB", cells, strict=True)
                )
                + "</row>"
                for line, cells in enumerate(sheets[name], 1)
            )
            archive.writestr(
                f"xl/worksheets/s{number}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
            )
    return content.getvalue()


EIA = [
    ("Back to Contents", "Data 1"),
    ("Sourcekey", "RWTC"),
    ("Date", "WTI Spot"),
    *((day, str(price)) for day, price in zip(DAYS, PRICES, strict=True)),
]
CONTENTS = [("Workbook Contents", ""), ("Release Date:", "")]


@pytest.mark.parametrize("file", ["wti.xlsx", "wti.csv"])
def test_the_sheet_with_days_of_a_workbook_is_read(tmp_path: Path, file: str) -> None:
    found = read(tmp_path, workbook(Contents=CONTENTS, Data=EIA), file)
    assert list(found.prices) == PRICES
    assert found.source == f"{file}, sheet 'Data', column 'WTI Spot'"


def test_of_two_sheets_with_days_one_has_to_be_named(tmp_path: Path) -> None:
    content = workbook(One=EIA, Two=EIA)
    message = reason(tmp_path, content)
    assert "has dates in 2 sheets, 'One', 'Two'; name one" in message
    assert '{"sheet": {"wti": "One"}}' in message
    assert "sheet 'Two'" in read(tmp_path, content, sheet="Two").source
    assert "no sheet 'Three' (option sheet), but 'One', 'Two'" in reason(
        tmp_path, content, sheet="Three"
    )


def test_a_fault_in_a_workbook_has_its_row(tmp_path: Path) -> None:
    assert "wti: line 8 has the price '6x'" in reason(
        tmp_path, workbook(Data=[*EIA, ("2020-01-08", "6x")])
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<!DOCTYPE html>\n<html>", "is a web page or XML, it begins with '<!DOCTYPE html>'"),
        ('{"error": 1}', "is JSON; readable are CSV"),
        (b"PAR1", "is a Parquet file; readable are CSV"),
        (b"PK\x03\x04", "is a ZIP archive: unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a workbook that cannot be read"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:-9], "is compressed and damaged"),
        (PLAIN.encode() + b"2020-01-08,\0\n", "line 6 has a NUL byte"),
        (PLAIN.encode() + b"2020-01-08,\xe4\n", "line 6 has the byte 0xe4"),
        ("hello\nworld\n", "column 'Date' is missing; wti.csv has: hello"),
        ('Date,Price\n2020-01-02,61\n2020-01-03,"62\n2020-01-06,63\n', "line 3 opens a quote"),
        ('Date,Price\n2020-01-02,"61"x\n', "line 2 is not CSV"),
    ],
)
def test_what_is_not_a_table_is_called_what_it_is(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    assert words in reason(tmp_path, content)


def test_two_columns_of_one_name_are_not_guessed_between(tmp_path: Path) -> None:
    message = reason(tmp_path, "Date,Price,Price\n2020-01-02,1,2\n2020-01-03,1,2\n")
    assert "2 columns of wti.csv are called 'Price' (numbers 2, 3)" in message


def test_both_columns_that_are_missing_are_reported(tmp_path: Path) -> None:
    message = reason(tmp_path, "a,b,c\n1,2,3\n")
    assert "column 'Date' is missing" in message
    assert "column 'Price' is missing" in message


def test_a_month_that_may_be_a_day_is_not_guessed(tmp_path: Path) -> None:
    message = reason(tmp_path, "Date,Price\n01/02/2020,1\n01/03/2020,2\n")
    assert "wti: line 2 has the date '01/02/2020', and no line tells which is the month" in message


def test_a_time_of_day_is_refused_once_for_all_lines(tmp_path: Path) -> None:
    rows = "".join(f"{day} 05:00:00+00:00,1\n" for day in DAYS)
    message = reason(tmp_path, f"Date,Price\n{rows}")
    assert message.startswith("wti: line 2 has a time of day, '2020-01-02 05:00:00+00:00'")
    assert message.endswith("(the same in lines 3, 4, 5)")


def test_a_series_of_saturdays_is_told_why_it_is_empty(tmp_path: Path) -> None:
    message = reason(tmp_path, "Date,Price\n2020-01-04,1\n2020-01-11,2\n")
    assert "0 prices on business days" in message
    assert "2 more fall on a Saturday or Sunday" in message


def test_all_faults_of_a_file_are_reported_at_once_with_their_true_lines(tmp_path: Path) -> None:
    text = (
        "Date,Price,Note\n\n"
        '2020-01-02,61,"a note\nof three\nlines"\n'
        "2020-01-03,abc,\n"
        "\n"
        "2020-13-06,62,\n"
        "2020-01-07,1,234,5\n"
        "2020-01-08\n"
        "2020-01-09,6x,\n"
        "2020-01-09,60,\n"
        "2020-01-08,60,\n"
    )
    message = reason(tmp_path, text)
    for words in (
        "line 6 has the price 'abc'",
        "(the same in line 11)",
        "line 8 has the date '2020-13-06'",
        "line 9 has 4 cells, the header 3",
        "line 10 ends after 1 of 3 cells",
        "line 12 repeats the date 2020-01-09",
        "line 13 (2020-01-08) is before line 12 (2020-01-09)",
    ):
        assert words in message


def test_every_gap_is_reported_beside_a_wrong_price(tmp_path: Path) -> None:
    text = "Date,Price\n2020-01-02,1\n2020-02-03,x\n2020-02-04,2\n2020-03-02,3\n"
    message = reason(tmp_path, text)
    assert "line 3 has the price 'x'" in message
    assert "line 3 comes after 32 days without a price" in message
    assert "(the same in line 5)" in message


def test_every_gap_is_reported_beside_a_wrong_date(tmp_path: Path) -> None:
    text = (
        "Date,Price\n2020-01-02,1\n2020-01-0x,1\n2020-02-03,2\n2020-02-05,2\n2020-02-04,2\n"
        "2020-03-02,3\n"
    )
    message = reason(tmp_path, text)
    assert "line 3 has the date '2020-01-0x'" in message
    assert "line 7 comes after 26 days without a price" in message
    assert "line 4" not in message  # line 3 may fill that gap
