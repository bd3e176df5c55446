"""The job in each framework: every module is run by itself, in that framework's environment."""
