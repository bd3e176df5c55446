"""Who launches and who is told, by what a warning says of itself."""

import re

# Coordinators of the sea areas (IHO S-53, Annex: NAVAREA coordinators), by the parties' names in the agreements.
COORDINATORS = {
    "I": "UK", "II": "FRA", "III": "ESP", "IV": "US", "V": "BRA", "VI": "ARG", "VII": "ZAF", "VIII": "IND", "IX": "PAK",
    "X": "AUS", "XI": "JPN", "XII": "US", "XIII": "RUS", "XIV": "NZL", "XV": "CHL", "XVI": "PER", "XVII": "CAN",
    "XVIII": "CAN", "XIX": "NOR", "XX": "RUS", "XXI": "RUS",
}  # fmt: skip
_SERIES = {"HYDROPAC": "US", "HYDROLANT": "US", "HYDROARC": "US", "AUSCOAST": "AUS"}
UNKNOWN = "UNKNOWN"

# Few and sure. No seas (EAST CHINA SEA), no offices that only pass a warning on (JAPAN COAST GUARD, CHINA MSA).
_NAMED = (
    ("DPRK", r"NORTH KOREA|NORTH KOREAN|DPRK|DEMOCRATIC PEOPLE.?S REPUBLIC OF KOREA|SOHAE|TONGCHANG(?:-| )?RI"),
    ("PRC", r"PRC|PEOPLE.?S REPUBLIC OF CHINA|CHINESE (?:ROCKET|MISSILE|SPACE|LAUNCH|NAVY|MILITARY)\w*|LONG MARCH|"
            r"WENCHANG|XICHANG|JIUQUAN|TAIYUAN"),
    ("JPN", r"TANEGASHIMA|UCHINOURA"),
    ("IND", r"SRIHARIKOTA|CHANDIPUR|ABDUL KALAM ISLAND|WHEELER ISLAND"),
    ("PAK", r"SONMIANI"),
    ("US", r"CAPE CANAVERAL|VANDENBERG|WALLOPS|KENNEDY SPACE CENT(?:ER|RE)|KODIAK LAUNCH"),
    ("RUS", r"PLESETSK|VOSTOCHNY|KAPUSTIN YAR|RUSSIAN (?:ROCKET|MISSILE|NAVY)\w*"),
    ("ROK", r"NARO SPACE CENT(?:ER|RE)|GOHEUNG"),
    ("FRA", r"KOUROU|GUIANA SPACE CENT(?:ER|RE)"),
)  # fmt: skip
_PATTERNS = tuple((party, re.compile(rf"\b(?:{names})\b")) for party, names in _NAMED)


def told(form: str, series: str | None) -> str:
    """The party that such a warning tells: the sea area's coordinator, or ICAO for the flight region's service."""
    if form == "notam":
        return "ICAO"
    if series is None:
        return UNKNOWN
    return _SERIES.get(series) or COORDINATORS.get(series.rpartition(" ")[2], UNKNOWN)


def launcher(text: str) -> str | None:
    """The party that the text itself names as the launcher, by its name or its launch site; ``None`` for none or several."""
    words = " ".join(text.upper().split())
    named = [party for party, pattern in _PATTERNS if pattern.search(words)]
    return named[0] if len(named) == 1 else None
