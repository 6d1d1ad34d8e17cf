def report(rows, s): return ""
