"""Where users sign in, and where their logins are told to us."""
