"""What the investigation itself asks the person: one question at a time, and nobody is waited for longer than that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from compass.entrypoints.cli.conversation.modes import Question


@dataclass(slots=True)
class Asking:
    """`changed` is called when a question is asked, and when it is gone. `words`: what is asked, "" for nothing."""

    changed: Callable[[], None]
    question: Question = Question.NONE
    words: str = ""
    alone: bool = False
    _reply: asyncio.Future[bool | None] | None = None

    async def ask(self, question: Question, words: str, most_s: float) -> bool | None:
        """The answer; None where nobody gave one in time, or nobody is there who could."""
        self._reply = asyncio.get_running_loop().create_future()
        self.question, self.words = question, words
        self.changed()
        try:
            return await asyncio.wait_for(self._reply, 0 if self.alone else most_s)
        except TimeoutError:
            return None
        finally:
            self.question, self.words, self._reply = Question.NONE, "", None
            self.changed()

    def answer(self, yes: bool) -> None:
        """To what is asked now; the first answer counts."""
        self._answer(yes)

    def leave(self) -> None:
        """Nobody is there any more: neither for this question nor for a later one."""
        self.alone = True
        self._answer(None)

    def _answer(self, answer: bool | None) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(answer)
