"""Report of a run: HTML, figures, tables, terminal text, reporting checklist."""
