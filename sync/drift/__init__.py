"""Where the witnesses disagree, and what comes of it."""
