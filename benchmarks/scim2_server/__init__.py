"""scim2-server, which keeps everything in memory."""
