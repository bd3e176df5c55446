"""What endangers, by the words of a warning.

Each row is a phrase and what it stands for, with the reason. Words are found as words, the longest phrase first, and a word
that is part of one phrase is not looked at again: the missile of ``MISSILE RANGE FACILITY`` is the name of a place.

Of what was found a launch outweighs debris, debris outweighs gunnery, gunnery outweighs the rest. But a launch that is named
only to say whose debris falls (``FALL OF ROCKET STAGES``, ``DEBRIS FROM SATELLITE LAUNCH``) is debris.
"""

import re
from typing import Literal, NamedTuple

from producers.warnings.reading import Kind

Sense = Literal["missile", "flight", "debris", "remains", "fall", "gunnery", "other", "place", "list"]
"""What a phrase says.

``missile`` and ``flight`` (a rocket into space) are launches; ``debris`` is what a launch drops; ``remains`` (``DEBRIS``) and
``fall`` (``IMPACT``) are so only beside a launch, where ``fall`` leaves a missile what it is: its impact is the shot's end.
``place`` says nothing; a ``list`` of other warnings is no danger of its own.
"""


class Row(NamedTuple):
    """Phrases of one sense, divided by ``|``, and why they have it."""

    sense: Sense
    phrases: str
    reason: str


TABLE: tuple[Row, ...] = (
    Row("list", "WARNINGS IN FORCE|MESSAGES IN FORCE|WARNINGS CURRENTLY IN FORCE", "names other warnings, endangers nothing"),
    Row("place", "MISSILE RANGE|MISSILE RANGE FACILITY|MISSILE TEST RANGE|ROCKET RANGE|MISSILE BOAT|MISSILE BOATS", "a name"),
    Row(
        "place",
        "LAUNCH COMPLEX|LAUNCH PAD|SPACE CENTER|SPACE CENTRE|SATELLITE LAUNCH CENTER|SATELLITE LAUNCH CENTRE",
        "a place",
    ),
    Row(
        "missile",
        "MISSILE|MISSILES|MSL|GUIDED MISSILES|MISSILE FIRING|BALLISTIC MISSILE|BALLISTIC MISSILES",
        "a missile is fired",
    ),
    Row("missile", "ICBM|SLBM|IRBM|MRBM|SRBM|BALLISTIC|TRIDENT|MINUTEMAN|HYPERSONIC", "classes and names of missiles"),
    Row("gunnery", "WITHOUT MISSILE|WITHOUT MISSILES|NO MISSILE|NO MISSILES|NON MISSILE", "says that there is no missile"),
    Row("flight", "ROCKET|ROCKETS|SPACE ROCKET|SOUNDING ROCKET|SOUNDING ROCKETS|CARRIER ROCKET", "a rocket flies"),
    Row("flight", "ROCKET LAUNCH|ROCKET LAUNCHES|ROCKET LAUNCHING|ROCKET LAUNCHINGS|ROCKET FIRING", "a rocket flies"),
    Row("flight", "SPACE LAUNCH|SPACE LAUNCHES|SPACE LAUNCHING|SPACECRAFT LAUNCH|SPACE VEHICLE", "a launch into space"),
    Row("flight", "SPACECRAFT LAUNCHING|LAUNCH OF SPACECRAFT|LAUNCHING OF SPACECRAFT", "a launch into space"),
    Row("flight", "SPACE LAUNCH VEHICLE|LAUNCH VEHICLE|LAUNCH VEHICLES|SPACE SHUTTLE|SPACE FLIGHT|SPACEFLIGHT", "its vehicle"),
    Row(
        "flight",
        "SATELLITE LAUNCH|SATELLITE LAUNCHING|SATELLITE LAUNCHES|LAUNCH OF SATELLITE|LAUNCHING OF SATELLITE",
        "into space",
    ),
    Row(
        "flight", "LAUNCHING OF SATELLITES|LAUNCH OF SATELLITES|LAUNCH OF A SATELLITE|EARTH OBSERVATION SATELLITE", "into space"
    ),
    Row("flight", "LAUNCH WINDOW|LAUNCH AREA|LAUNCHING AREA|LAUNCH OPERATIONS|LAUNCH OPERATION|LAUNCH HAZARD", "of a launch"),
    Row("flight", "LAUNCH SITE|LAUNCHING SITE|LAUNCH DAY|LAUNCH HAZARD AREA|LAUNCH ACTIVITIES|LAUNCH ACTIVITY", "of a launch"),
    Row("flight", "LONG MARCH|FALCON 9|FALCON HEAVY|STARSHIP|STARLINK|ARIANE|PSLV|GSLV|UNHA|CHOLLIMA", "names of launchers"),
    Row(
        "flight",
        "AEROSPACE FLT ACT|AEROSPACE FLIGHT ACTIVITY|AEROSPACE FLIGHT ACTIVITIES|AEROSPACE ACTIVITY",
        "how PRC names launches",
    ),
    Row(
        "debris",
        "SPACE DEBRIS|FALLING DEBRIS|ROCKET DEBRIS|MISSILE DEBRIS|LAUNCH DEBRIS|DEBRIS FALL|DEBRIS FALLING",
        "it falls",
    ),
    Row("debris", "DEBRIS IMPACT|DEBRIS HAZARD|DEBRIS RE ENTRY|DEBRIS REENTRY|ORBITAL DEBRIS|SATELLITE DEBRIS", "it falls"),
    Row("debris", "DEBRIS AREA|DEBRIS HAZARD AREA|DEBRIS RESPONSE AREA|SPACE OBJECTS|SPACE OBJECT|SPACE JUNK", "it falls"),
    Row("debris", "SPLASHDOWN|SPLASH DOWN|SPLASH DOWNS|SPLASHDOWNS|SPLASHDOWN AREA|CAPSULE RECOVERY", "something comes down"),
    Row("debris", "RE ENTRY|REENTRY|RE ENTERING|REENTERING|RE ENTRY VEHICLE|REENTRY VEHICLE|DEORBIT|DE ORBIT", "it comes down"),
    Row("debris", "ROCKET STAGE|ROCKET STAGES|ROCKET BODY|ROCKET BODIES|ROCKET BOOSTER|ROCKET BOOSTERS", "what a launch drops"),
    Row(
        "debris",
        "STAGE IMPACT|STAGE IMPACTS|STAGE FALL|STAGE SPLASHDOWN|SPENT STAGE|SPENT STAGES|BOOSTER IMPACT",
        "it drops them",
    ),
    Row("debris", "FALLING STAGE|FALLING STAGES|FALL OF STAGES|FALL OF STAGE|FALL OF BOOSTER|FALL OF FAIRING", "it drops them"),
    Row(
        "debris",
        "FIRST STAGE|SECOND STAGE|THIRD STAGE|1ST STAGE|2ND STAGE|3RD STAGE|STRAP ON BOOSTERS|FAIRING|FAIRINGS",
        "parts",
    ),
    Row("other", "DEBRIS ADRIFT|FLOATING DEBRIS|DRIFTING DEBRIS|MARINE DEBRIS|WRECK DEBRIS|SUBMERGED DEBRIS", "it floats"),
    Row(
        "other",
        "ROCKET PARACHUTE FLARE|ROCKET FLARE|DISTRESS ROCKET|DISTRESS ROCKETS|ROCKET SIGNALS",
        "somebody calls for help",
    ),
    Row(
        "remains",
        "DEBRIS|REMNANTS|FRAGMENTS|WRECKAGE|STAGE|STAGES|BOOSTER|BOOSTERS|PARTS|COMPONENTS|OBJECTS",
        "of the launch beside it",
    ),
    Row(
        "fall",
        "FALL|FALLING|FALLS|IMPACT|IMPACTS|IMPACT AREA|DROP ZONE|DROP AREA|FALLING AREA|FALL AREA",
        "of the launch beside it",
    ),
    Row("gunnery", "GUNNERY|GUNNERY EXERCISE|GUNNERY EXERCISES|GUNNERY PRACTICE|GUN|GUNS|GUNFIRE|NAVAL GUNFIRE", "guns"),
    Row(
        "gunnery",
        "FIRING|FIRINGS|FRNG|NAVAL GUN FIRING|FIRING EXERCISE|FIRING EXERCISES|FIRING PRACTICE|LIVE FIRING",
        "of no missile",
    ),
    Row("gunnery", "LIVE FIRE|LIVE AMMUNITION|LIVE AMMO|LIVE WEAPONS|ARTILLERY|MORTAR|SHELLING|WEAPONS FIRING", "guns"),
    Row("gunnery", "BOMBING|BOMBING EXERCISE|BOMBING EXERCISES|BOMBS|STRAFING|AIR TO GROUND|TARGET PRACTICE", "bombs"),
    Row(
        "gunnery",
        "TORPEDO|TORPEDOES|TORPEDO FIRING|DEPTH CHARGES|ROCKET DEPTH CHARGES|ANTI SUBMARINE ROCKET",
        "weapons in the sea",
    ),
    Row("gunnery", "ANTI AIRCRAFT|ANTI AIRCRAFT FIRING|SURFACE FIRING|EXPLOSIVES|DEMOLITION|ORDNANCE", "weapons, no launch"),
    Row(
        "other",
        "PILOT LAUNCH|BOAT LAUNCH|LAUNCHING OF LIFEBOATS|BALLOON|BALLOONS|WEATHER BALLOON",
        "a boat, a balloon: no rocket",
    ),
    Row("other", "CABLE|CABLES|CABLE OPERATIONS|CABLE LAYING|PIPELINE|PIPELAYING|PIPE LAYING|UMBILICAL", "work at sea"),
    Row("other", "SURVEY|SURVEYS|SURVEY OPERATIONS|HYDROGRAPHIC SURVEY|SEISMIC|SEISMIC SURVEY|RESEARCH", "work at sea"),
    Row(
        "other", "DREDGING|DREDGER|TOWING|TOW|IN TOW|DIVING|DIVING OPERATIONS|SALVAGE|UNDERWATER OPERATIONS|ROV", "work at sea"
    ),
    Row(
        "other", "DRILLING|DRILLSHIP|DRILL RIG|RIG|RIGS|RIGLIST|MODU|PLATFORM|PLATFORMS|FPSO|WIND FARM|TURBINES", "works at sea"
    ),
    Row(
        "other",
        "BUOY|BUOYS|LIGHT|LIGHTS|LIGHTHOUSE|LIGHT BUOY|BEACON|RACON|AIS|MOORING|MOORINGS|TSUNAMI BUOY",
        "aids to navigation",
    ),
    Row(
        "other",
        "WRECK|DERELICT|ADRIFT|SUNKEN|OBSTRUCTION|SHOAL|REEF|CONTAINERS|CAPSIZED|UNDERWATER VOLCANO|VOLCANO",
        "obstacles",
    ),
    Row(
        "other",
        "ICE|ICEBERG|ICEBERGS|SHIP MOVEMENT|PIRACY|ROBBERY|DISTRESS|SEARCH AND RESCUE|MAN OVERBOARD|MISSING",
        "other perils",
    ),
    Row("other", "GPS|GNSS|LORAN|DGPS|NAVTEX|SAFETYNET|INMARSAT|JAMMING|INTERFERENCE|BROADCAST", "signals"),
    Row(
        "other",
        "DRILL|DRILLS|EXERCISE|EXERCISES|MILITARY EXERCISE|MILITARY EXERCISES|NAVAL EXERCISE|NAVAL EXERCISES",
        "no weapon is named",
    ),
    Row(
        "other",
        "MILITARY ACTIVITIES|MILITARY ACTIVITY|SUBMARINE|SUBMARINES|MINE|MINES|MINE CLEARANCE|MINESWEEPING",
        "no weapon fired",
    ),
    Row(
        "other", "LASER|DRONE|DRONES|UAS|UAV|UNMANNED AIRCRAFT|PARACHUTE|PARACHUTING|PJE|GLIDER|GLIDERS|FIREWORKS", "in the air"
    ),
    Row(
        "other",
        "RWY|RUNWAY|TWY|TAXIWAY|APRON|CRANE|OBST|ILS|VOR|DME|NDB|AERODROME|AD CLSD|AIRSHOW|AEROBATICS",
        "of an aerodrome",
    ),
    Row("other", "AIR REFUELING|AIR REFUELLING|AEROBATIC|FLYING DISPLAY|MODEL AIRCRAFT|KITE|KITES|VOLCANIC ASH", "in the air"),
)

# Words between the thing and what becomes of it: DEBRIS (FROM THE) ROCKET LAUNCH.
_JOINTS = frozenset(
    {"OF", "FROM", "THE", "A", "AN", "BY", "DUE", "TO", "CAUSED", "RESULTING", "AFTER", "FOR", "AND", "OR", "AREA"}
)
_LAUNCHES = ("missile", "flight")


def _by_first_word() -> dict[str, tuple[tuple[tuple[str, ...], Sense], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], Sense]]] = {}
    for row in TABLE:
        for phrase in row.phrases.split("|"):
            words = tuple(phrase.split())
            found.setdefault(words[0], []).append((words, row.sense))
    return {first: tuple(sorted(rows, key=lambda row: -len(row[0]))) for first, rows in found.items()}


_PHRASES = _by_first_word()
# A stop or comma is a word of its own: ROCKET LAUNCHING, DEBRIS FALL AREA tells of both.
_WORDS = re.compile(r"[A-Z0-9]+|[.,;:]")


def kind_of(text: str) -> Kind | None:
    """What endangers, by the words of the text; ``None`` where none of them says it."""
    words = _WORDS.findall(text.upper())
    hits = _hits(words)
    senses = {sense for _, _, sense in hits}
    if "list" in senses:
        return "other"
    if not senses.isdisjoint(_LAUNCHES):
        for place, (_, _, sense) in enumerate(hits):
            if sense in _LAUNCHES and not _dropped(words, hits, place):
                return "launch"
        return "debris"
    for kind in ("debris", "gunnery", "other"):
        if kind in senses:
            return kind
    return None


def _hits(words: list[str]) -> list[tuple[int, int, Sense]]:
    """The phrases in the words: the first word, the word after the last, and what it says."""
    hits: list[tuple[int, int, Sense]] = []
    taken = 0
    for start, word in enumerate(words):
        if start < taken:
            continue
        for phrase, sense in _PHRASES.get(word, ()):
            end = start + len(phrase)
            if len(phrase) == 1 or tuple(words[start:end]) == phrase:
                hits.append((start, end, sense))
                taken = end
                break
    return hits


def _dropped(words: list[str], hits: list[tuple[int, int, Sense]], place: int) -> bool:
    """Whether the launch at ``place`` is named only to say whose debris it is."""
    start, end, sense = hits[place]
    drops = ("remains", "debris") if sense == "missile" else ("remains", "debris", "fall")
    if place:
        _, before_end, before = hits[place - 1]
        between = words[before_end:start]
        # DEBRIS FROM THE ROCKET LAUNCH; but not SPACE DEBRIS AND ROCKET LAUNCHING.
        if before in drops and between and len(between) <= 4 and "AND" not in between and _JOINTS.issuperset(between):
            return True
    if place + 1 < len(hits):
        after_start, _, after = hits[place + 1]
        # ROCKET LAUNCH DEBRIS, ROCKET IMPACT AREA.
        return after in drops and after_start == end
    return False
