"""How to talk to others: directories we read, systems we provision."""
