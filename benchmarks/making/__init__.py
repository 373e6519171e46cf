"""What is measured on: log lines with known templates, series, and whole recordings. All from a seed."""
