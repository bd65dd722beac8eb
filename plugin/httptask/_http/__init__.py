"""HTTP and URLs by their RFCs: syntax, hosts, charsets, codings, sequences, secret names."""
