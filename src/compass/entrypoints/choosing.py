"""Keep the choice of models in compass.toml, and the rest of the file as it is, to the letter."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from compass.entrypoints.config import TomlTable, read_config
from compass.entrypoints.tomltext import value_text
from compass.entrypoints.written import replace_file
from compass.llm.settings import read_settings
from compass.ports.errors import ConfigurationError

HEAD = "# Language models. Tokens are billed to your own key. compass llm list\n"
_NEXT = re.compile(r"^[ \t]*\[", re.MULTILINE)


async def keep_choice(
    target: Path, changes: TomlTable, provider: str = "", access: TomlTable | None = None
) -> None:  # fmt: skip
    """Set `changes` (fast, deep, fallback) in `[llm]` of `target`, which need not be there yet, and `access` (url, key)
    in `[llm.providers.PROVIDER]`.

    Raises ConfigurationError, and changes nothing, where the file is none or is written in a way that cannot be edited
    for certain.
    """
    text = target.read_text(encoding="utf-8") if target.exists() else ""
    before = read_config(target).llm if text else {}
    wanted: dict[str, object] = {**(before if isinstance(before, dict) else {}), **changes}
    edited = with_lines(text, "llm", changes) if changes else text
    if access:
        known = wanted.get("providers")
        providers = dict(known) if isinstance(known, dict) else {}
        wanted["providers"] = {**providers, provider: {**providers.get(provider, {}), **access}}
        edited = with_lines(edited, f"llm.providers.{provider}", access)

    async def same(written: Path) -> None:
        """Raises ConfigurationError where the file as it is `written` would not be read as what was wanted, or anything
        outside `[llm]` became another: text is edited, and TOML has more ways to write a table than are edited here."""
        try:
            read = tomllib.loads(edited)
        except tomllib.TOMLDecodeError:
            read = {}
        rest = {name: value for name, value in tomllib.loads(text).items() if name != "llm"}
        if read != {**rest, "llm": wanted}:
            lines = "; ".join(f"{name} = {value_text(value)}" for name, value in changes.items())
            raise ConfigurationError(
                "its [llm] is written in a way that is not edited here", where=str(target),
                hint=f"put there yourself: {lines}",
            )  # fmt: skip
        read_settings(read_config(written).llm, str(target))

    await replace_file(target, edited, same)


def with_lines(text: str, table: str, changes: TomlTable) -> str:
    """`text` with lines of `[table]` replaced or added, or with the table at its end."""
    name = r"[ \t]*\.[ \t]*".join(re.escape(part) for part in table.split("."))
    found = re.search(rf"^[ \t]*\[[ \t]*{name}[ \t]*\][ \t]*(?:#[^\n]*)?$", text, re.MULTILINE)
    if found is None:
        lines = "".join(f"{key} = {value_text(value)}\n" for key, value in changes.items())
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{HEAD if table == 'llm' else ''}[{table}]\n{lines}"
    following = _NEXT.search(text, found.end())
    end = following.start() if following else len(text)
    body = text[found.end() : end]
    for key, value in changes.items():
        line = f"{key} = {value_text(value)}"
        there = re.search(
            rf"^[ \t]*{key}[ \t]*=[ \t]*(?:\[[^\]]*\]|[^\n#]*?)(?P<note>[ \t]*(?:#[^\n]*)?)$", body, re.MULTILINE
        )
        if there is not None:
            body = body[: there.start()] + line + there["note"] + body[there.end() :]
        else:
            body = f"\n{line}{body}" if body.startswith("\n") else f"\n{line}\n{body}"
    return text[: found.end()] + body + text[end:]
