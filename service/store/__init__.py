"""All the SQL: one module a table or topic, one function per need, `conn` first, domain types out."""
