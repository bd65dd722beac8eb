"""HTTP and URLs as their RFCs have them: syntax, hosts, charsets, codings, sequences, names of
secrets.
"""
