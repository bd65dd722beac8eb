"""What every part needs and none owns: JSON and pointers, masking, threads, files that travel with
the package.
"""
