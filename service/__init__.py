"""The web face: search a song, watch its cover move. Glue over the orchestrator's verbs; it renders nothing itself."""
