"""What is known: plain values, tables, and every SQL statement."""
