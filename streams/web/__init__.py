"""What every HTTP service of ours shares: who is answered at all, how problems are told, how it listens. Knows no route."""
