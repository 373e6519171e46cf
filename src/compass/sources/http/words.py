"""Words of errors that say which setting is missing: whoever asks a person for it looks for them."""

NOT_TRUSTED = "its certificate is not accepted"
WANTS_OURS = "wants a certificate of ours, and none is set"
