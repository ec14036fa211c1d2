"""All SQL. One statement a function; its docstring states its promise."""
