"""Takes this machine out of texts: addresses and temporary folders that servers put into their messages."""

from __future__ import annotations

import re

ADDRESS = re.compile(r'"?127\.0\.0\.1"?(, port |:)?\d*')
FOLDER = re.compile(r"/tmp/compass-lab-[^/\s\"']*")  # noqa: S108  (it is what is removed)


def clean(text: str) -> str:
    """The text with the loopback address as `shop-host`, and without the recording's folder."""
    return FOLDER.sub("", ADDRESS.sub("shop-host", text)) if "127.0.0.1" in text or "/tmp/" in text else text  # noqa: S108
