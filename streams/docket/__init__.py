"""The docket: every duty that the rules raise, and which of them a report bears on.

Reports are put into the evidence here, and taken out again when they are retracted; the duties concerned are marked for the
watch to judge. One module for each topic of the log: channels, incidents, launches.
"""
