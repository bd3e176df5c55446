"""Launch notices that somebody wrote as data (JSON, CSV, TOML) into events; every fault of a file is told at once."""
