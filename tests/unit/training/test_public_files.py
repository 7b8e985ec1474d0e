"""Price files as public sources hand them out: the first lines of downloads in repositories.

A few rows each, their headers, marks and footers to the letter. The plain ones (FRED, yfinance,
the EIA's workbooks) are in test_price_files.py.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from training.options import Options
from training.rejected import Rejected
from training.series import read_series


@dataclass(frozen=True)
class Download:
    """``prices`` are expected from the oldest day on, ``days`` are the first and the last."""

    source: str
    text: str
    prices: tuple[float, ...]
    days: tuple[str, str]
    options: dict[str, Any] = field(default_factory=dict)


RELEASED = (
    Download(
        # JimmyLi2468/LIT_TakeHome, Cushing_OK_WTI_Spot_Price_FOB.csv
        source="EIA, chart data",
        text=(
            "Cushing OK WTI Spot Price FOB\n"
            "https://www.eia.gov/dnav/pet/hist/RWTCD.htm\n"
            "04:13:21 GMT+0000 (Coordinated Universal Time)\n"
            "Data Source: Thomson Reuters\n"
            "Day,Cushing OK WTI Spot Price FOB  Dollars per Barrel\n"
            "08/13/2021,68.36\n08/12/2021,69.12\n08/11/2021,69.3\n08/10/2021,68.33\n"
            "08/9/2021,66.56\n"
        ),
        prices=(66.56, 68.33, 69.3, 69.12, 68.36),
        days=("2021-08-09", "2021-08-13"),
    ),
    Download(
        # micahstubbs/crude-crises-value, CHRIS-CME_CL1.csv
        source="Quandl, continuous futures",
        text=(
            "Date,Open,High,Low,Last,Change,Settle,Volume,Open Interest\n"
            "2015-01-02,53.76,55.11,52.03,,0.58,52.69,268711.0,306406.0\n"
            "2014-12-31,53.87,54.02,52.44,,0.85,53.27,233516.0,309473.0\n"
            "2014-12-30,53.72,54.32,52.7,,0.51,54.12,230228.0,310358.0\n"
        ),
        prices=(54.12, 53.27, 52.69),
        days=("2014-12-30", "2015-01-02"),
        options={"price_column": "Settle"},
    ),
    Download(
        # micahstubbs/crude-crises-value, OPEC-ORB.csv
        source="OPEC basket, by Quandl",
        text="Date,Value\n2014-12-29,54.44\n2014-12-24,56.03\n2014-12-23,55.59\n",
        prices=(55.59, 56.03, 54.44),
        days=("2014-12-23", "2014-12-29"),
    ),
    Download(
        # The header as the site writes it today, with the mark and the quotes.
        source="investing.com, daily",
        text=(
            '\ufeff"Date","Price","Open","High","Low","Vol.","Change %"\n'
            '"07/17/2023","74.15","75.11","75.15","73.83","356.42K","-1.68%"\n'
            '"07/14/2023","75.42","77.14","77.33","75.06","396.94K","-1.91%"\n'
            '"07/13/2023","76.89","75.80","77.29","75.37","","1.51%"\n'
        ),
        prices=(76.89, 75.42, 74.15),
        days=("2023-07-13", "2023-07-17"),
    ),
    Download(
        source="investing.com, Spanish, with decimal commas",
        text=(
            '"Fecha","Último","Apertura","Máximo","Mínimo","Vol.","% var."\n'
            '"22.07.2019","1.055,74","1.055,60","1.056,48","1.055,37","10,36M","-0,08%"\n'
            '"19.07.2019","955,63","955,50","956,30","955,02","9,11M","0,59%"\n'
        ),
        prices=(955.63, 1055.74),
        days=("2019-07-19", "2019-07-22"),
        options={"price_column": "Último"},
    ),
    Download(
        source="a German spreadsheet, saved as CSV",
        text="Datum;Preis\n02.01.2024;70,38\n03.01.2024;\n04.01.2024;72,7\n05.01.2024;-37\n",
        prices=(70.38, 72.7, -37.0),
        days=("2024-01-02", "2024-01-05"),
        options={"max_missing_share": 0.5},
    ),
    Download(
        source="Barchart, with its last line",
        text=(
            "Time,Open,High,Low,Latest,Change,%Change,Volume,Open Int\n"
            "07/25/2023,78.79,79.90,78.34,79.63,+0.89,+1.13%,275131,348822\n"
            "07/24/2023,77.05,78.93,76.50,78.74,+1.67,+2.17%,327066,351911\n"
            "07/21/2023,75.77,77.24,75.59,77.07,+1.42,+1.88%,230211,337011\n"
            '"Downloaded from Barchart.com as of 07-25-2023 10:43pm CDT"\n'
        ),
        prices=(77.07, 78.74, 79.63),
        days=("2023-07-21", "2023-07-25"),
        options={"price_column": "Latest"},
    ),
    Download(
        source="Macrotrends",
        text=(
            "Macrotrends Data Download\n\nWTI Crude Oil Prices - 10 Year Daily Chart\n\n \n"
            'DISCLAIMER AND TERMS OF USE: HISTORICAL DATA IS PROVIDED "AS IS" AND SOLELY\n'
            "FOR INFORMATIONAL PURPOSES - NOT FOR TRADING PURPOSES OR ADVICE.\n"
            "NEITHER MACROTRENDS LLC NOR ANY OF OUR INFORMATION PROVIDERS WILL BE LIABLE\n\n\n"
            "date, value\n2013-11-11,95.14\n2013-11-12,93.04\n2013-11-13,93.88\n"
        ),
        prices=(95.14, 93.04, 93.88),
        days=("2013-11-11", "2013-11-13"),
    ),
    Download(
        source="Stooq, Polish header, with the mark and CRLF",
        text=(
            "\ufeffData,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen\r\n"
            "2024-01-02,71.71,73.64,70.06,70.38,290411\r\n"
            "2024-01-03,70.36,73.22,69.28,72.70,366002\r\n"
        ),
        prices=(70.38, 72.7),
        days=("2024-01-02", "2024-01-03"),
        options={"price_column": "Zamkniecie"},
    ),
    Download(
        source="Nasdaq, commodity",
        text=(
            "Date,Close/Last,Volume,Open,High,Low\n"
            "11/13/2024,68.43,318943,68.08,69.25,66.99\n"
            "11/12/2024,68.12,N/A,68.12,69.09,67.74\n"
        ),
        prices=(68.12, 68.43),
        days=("2024-11-12", "2024-11-13"),
        options={"price_column": "Close/Last"},
    ),
    Download(
        # Kaggle's "Brent Oil Prices", in many repositories as BrentOilPrices.csv
        source="Kaggle, two notations that name the month",
        text=(
            "Date,Price\n20-May-87,18.63\n21-May-87,18.45\n22-May-87,18.55\n"
            '25-May-87,18.6\n"May 26, 1987",18.63\n'
        ),
        prices=(18.63, 18.45, 18.55, 18.6, 18.63),
        days=("1987-05-20", "1987-05-26"),
    ),
    Download(
        source="pandas, with its index",
        text=",Date,Price\n0,2024-01-02,70.38\n1,2024-01-03,72.7\n",
        prices=(70.38, 72.7),
        days=("2024-01-02", "2024-01-03"),
    ),
    Download(
        source="yfinance 0.2, a time zone in each row",
        text=(
            "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
            "2023-07-13 00:00:00-04:00,75.8,77.29,75.37,76.89,318943,0.0,0.0\n"
            "2023-07-14 00:00:00-04:00,77.14,77.33,75.06,75.42,396940,0.0,0.0\n"
        ),
        prices=(76.89, 75.42),
        days=("2023-07-13", "2023-07-14"),
        options={"price_column": "Close"},
    ),
)


@dataclass(frozen=True)
class Refused:
    source: str
    text: str
    words: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


REFUSED = (
    Refused(
        # sebapi747/gold, CMO-Historical-Data-Monthly.csv
        source="World Bank, pink sheet",
        text=(
            '"World Bank Commodity Price Data (The Pink Sheet)",,\n'
            '"monthly prices in nominal US dollars, 1960 to present",,\n'
            '"Updated on May 04, 2026",,\n'
            ',"Crude oil, average","Crude oil, Brent"\n,($/bbl),($/bbl)\n'
            ",CRUDE_PETRO,CRUDE_BRENT\n"
            "1960M01,1.63000011444,1.63000011444\n1960M02,1.63000011444,…\n"
        ),
        words=("line 7", "'1960M01'", "a month, not a day"),
        options={"price_column": "Crude oil, Brent"},
    ),
    Refused(
        # TomasKul3/Naftos-kain-…, Crude Oil WTI Futures Historical Data.csv
        source="investing.com, monthly",
        text=(
            '"Date","Price","Open","High","Low","Vol.","Change %"\n'
            '"12/01/2025","57.42","58.96","60.50","54.98","4.40M","-1.93%"\n'
            '"11/01/2025","58.55","61.40","61.50","57.10","4.39M","-3.98%"\n'
        ),
        words=("line 2 has the date '12/01/2025', and no line tells which is the month",),
    ),
    Refused(
        # cs301-star/CS301, CL=F.csv
        source="Yahoo, monthly",
        text=(
            "Date,Open,High,Low,Close,Adj Close,Volume\n"
            "2020-04-01,20.100000,29.129999,-40.320000,18.840000,18.840000,24026390\n"
            "2020-05-01,19.040001,35.770000,18.049999,35.299999,35.299999,71756357\n"
            "2020-06-01,35.209999,41.630001,34.270000,39.270000,39.270000,10834315\n"
        ),
        words=("line 3 comes after 30 days without a price", "(the same in line 4)"),
        options={"price_column": "Close"},
    ),
    Refused(
        # alitalbi/storage_data_fy, CL=F.csv
        source="yfinance, hourly",
        text=(
            "Price,Close,High,Low,Open,Volume\nTicker,CL=F,CL=F,CL=F,CL=F,CL=F\nDate,,,,,\n"
            "2023-07-10 22:00:00,73.11000061035156,73.2,73.1,73.1,0\n"
            "2023-07-10 23:00:00,73.12000274658203,73.1,73.0,73.1,518\n"
        ),
        words=("line 4 has a time of day, '2023-07-10 22:00:00'", "(the same in line 5)"),
        options={"price_column": "Close"},
    ),
    Refused(
        source="decimal commas, and a point among them",
        text=(
            '"Fecha","Último"\n"22.07.2019","55,74"\n"19.07.2019","55.63"\n"18.07.2019","55,30"\n'
        ),
        words=(
            "line 2 has the price '55,74'; write 1234.5: a point before the decimals",
            "or 1234,5 in all lines (the same in line 4)",
        ),
    ),
    Refused(
        source="commas that may stand between thousands",
        text='Date,Price\n2019-07-18,"1,234"\n2019-07-19,"1,240"\n',
        words=("line 2 has the price '1,234'", "(the same in line 3)"),
    ),
    Refused(
        source="EIA's API, two series in one file",
        text=(
            "period,series,series-description,value,units\n"
            '2026-04-10,RWTC,"Cushing, OK WTI Spot Price FOB (Dollars per Barrel)",62.35,$/BBL\n'
            '2026-04-10,RBRTE,"Europe Brent Spot Price FOB (Dollars per Barrel)",65.1,$/BBL\n'
            '2026-04-09,RWTC,"Cushing, OK WTI Spot Price FOB (Dollars per Barrel)",61.2,$/BBL\n'
        ),
        words=("line 3 repeats the date 2026-04-10",),
        options={"price_column": "value"},
    ),
    Refused(
        source="EIA's API, JSON",
        text='{"response": {"total": 1, "data": [{"period": "2026-04-10", "value": "62.35"}]}}',
        words=("is JSON; readable are CSV",),
    ),
    Refused(
        source="OPEC, XML",
        text='<?xml version="1.0"?>\n<Basket><BasketList data="2024-01-02" val="78.1"/></Basket>\n',
        words=("is a web page or XML",),
    ),
    Refused(
        source="Alpha Vantage, out of calls",
        text='{\n    "Information": "The standard API rate limit is 25 requests per day."\n}\n',
        words=("is JSON",),
    ),
    Refused(
        source="a file that broke off in its last line",
        text="Date,Open,Close\n2024-01-02,71.71,70.38\n2024-01-03,70.36,72.7\n2024-01-0",
        words=("line 4 ends after 1 of 3 cells: '2024-01-0'",),
        options={"price_column": "Close"},
    ),
)


@pytest.mark.parametrize("download", RELEASED, ids=lambda one: one.source)
def test_a_download_is_read_as_it_is(tmp_path: Path, download: Download) -> None:
    path = tmp_path / "wti.csv"
    path.write_bytes(download.text.encode())
    found = read_series(path, "wti", Options.model_validate(download.options))
    assert tuple(found.prices) == download.prices
    first, last = found.prices.index[0], found.prices.index[-1]
    assert (f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}") == download.days


@pytest.mark.parametrize("download", REFUSED, ids=lambda one: one.source)
def test_a_download_that_cannot_be_read_is_refused_with_the_line(
    tmp_path: Path, download: Refused
) -> None:
    path = tmp_path / "wti.csv"
    path.write_bytes(download.text.encode())
    with pytest.raises(Rejected) as caught:
        read_series(path, "wti", Options.model_validate(download.options))
    for words in download.words:
        assert words in str(caught.value), str(caught.value)
