"""Deploy: puts the parts together and runs them: the command line, settings, the embedded run."""
