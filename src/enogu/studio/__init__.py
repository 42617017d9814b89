"""The local web page. It listens on this machine only and speaks to no other."""
