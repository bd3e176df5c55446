"""The form for a person to fill in."""

TEMPLATE = """\
# A notice of a launch to come. Fill in what is known, take the # away where you use a line, and leave the rest out.
# Times have their zone: 2026-11-24T09:00:00Z or 2026-11-24T18:00:00+09:00. Then:
#   steadyline notices check notice.toml
#   steadyline notices send notice.toml --to https://gateway.example

notice = ""                    # the series' own number, the same over its revisions: NAVAREA-XI-123-26
party = ""                     # who will launch: US, PRC, DPRK, ...
issued = ""                    # when the notice was issued
# precision = "minute"         # how exactly that is known: second, minute, hour, day
# zone = "Asia/Tokyo"          # the zone in which a day is meant
# reported = 2026-11-23T10:00:00Z
# source = "https://..."       # who says so; you, without it
# revision = 1                 # higher replaces lower
# status = "planned"           # planned, amended, cancelled
# class = "slv"                # icbm, slbm, irbm, mrbm, srbm, ballistic, slv, asat, hypersonic, cruise, sounding, unknown
# range_km = 5500
# apogee_km = 1200
# launches = 1                 # 0: any number (a danger area)
# via = "navarea-xi"           # the channel it was sent by
# agreements = ["hcoc"]        # those it was given under, where the source says so
# lead_hours = 24              # the lead as the source states it, where it gives no receipt
# voluntary = false
# exercise = false             # true: a drill, never on the real pager
# text = '''the whole notice as it came'''

# Who was told, each with when it had the notice, where that is known.
[[recipients]]
party = ""
# received = 2026-11-23T09:05:00Z

# [window]                     # the first window
# opens = 2026-11-24T09:00:00Z
# closes = 2026-11-24T11:00:00Z

# [[further_windows]]          # reserve days
# opens = 2026-11-25T09:00:00Z
# closes = 2026-11-25T11:00:00Z

# [launch_area]
# shape = "circle"             # degrees north and east, kilometres
# lat = 39.66
# lon = 124.7
# radius_km = 10

# [[impact_areas]]
# shape = "polygon"
# points = [[36.1, 123.55], [36.1, 124.66], [35.1, 124.66], [35.1, 123.55]]

# [[impact_areas]]
# shape = "named"
# name = "Yellow Sea"
"""
