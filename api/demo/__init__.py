"""What `trueup demo` shows: counterparts of our own on loopback, labelled as ours."""
