"""HTTP and URLs as in the RFCs: syntax, hosts, charsets, codings, sequences; and secret names."""
