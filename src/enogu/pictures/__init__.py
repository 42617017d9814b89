"""From picture files to what is trained: reading, scanning, buckets, fitting."""
