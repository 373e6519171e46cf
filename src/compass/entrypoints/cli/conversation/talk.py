"""The conversation itself: committed events in, keys in, orders out. It waits for nobody, and nobody waits for it.

It joins parts that know nothing of each other: the `Terminal`, the `Pace` of painting, the `Course` of what was
committed, the `Sight` that a person decides on, the `Reader` of a long text, what is being `Asking`, the `Giving` of
orders, and the `Stay` after the end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import InitVar, dataclass, field, replace
from types import TracebackType

from rich.console import Console

from compass.disproof import all_strategies
from compass.domain.board import Board
from compass.domain.chronicle import Event
from compass.domain.commands import command
from compass.domain.failure import Status
from compass.domain.mechanism import Mechanism
from compass.entrypoints.cli.commanding import LIVING
from compass.entrypoints.cli.conversation import modes as m
from compass.entrypoints.cli.conversation.asking import Asking
from compass.entrypoints.cli.conversation.became import became
from compass.entrypoints.cli.conversation.course import Course
from compass.entrypoints.cli.conversation.errands import Errands
from compass.entrypoints.cli.conversation.giving import Giving
from compass.entrypoints.cli.conversation.keys import Key
from compass.entrypoints.cli.conversation.meaning import NO_LIST, press
from compass.entrypoints.cli.conversation.pace import Pace
from compass.entrypoints.cli.conversation.painting import frame, reading_rows
from compass.entrypoints.cli.conversation.reader import Reader
from compass.entrypoints.cli.conversation.scene import Scene
from compass.entrypoints.cli.conversation.screen import Screen
from compass.entrypoints.cli.conversation.sight import Sight
from compass.entrypoints.cli.conversation.stay import Stay
from compass.entrypoints.cli.conversation.terminal import Terminal
from compass.entrypoints.cli.conversation.wanted import Show
from compass.entrypoints.cli.conversation.watch import Watch
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.output import page as page_of
from compass.investigation.commanding import Desk, Ordered, desk_of
from compass.investigation.commanding.give import somebody
from compass.investigation.recorder import Recorder
from compass.investigation.settings import Limits
from compass.ports.chronicle import Chronicle
from compass.ports.errors import CompassError, NotFoundError, StorageError

SPEND = "y: spend it · Enter, or {most:.0f} s: go on without the model"
GATE = "What and where are answered. Enter: go on to why · s: stop here"
OWED = "compass: what you ordered last is recorded, and nobody worked on it yet: {} does"
BROKEN = "compass: the conversation failed, which is a defect of COMPASS: {} goes on with the investigation"
LONG = 6
"""Lines said back from which they are shown as a text to read."""
COUNTED_S = 60.0
"""So long before it closes by itself the seconds are shown."""


@dataclass(slots=True)
class Conversation:
    """One investigation on one terminal. Mutable on purpose: it is the screen's state, not the investigation's.

    `terminal_file` is what keys are read from. `mode`: what the person is in the middle of; `said`: what was said back
    last.
    """

    console: InitVar[Console]
    chronicle: InitVar[Chronicle]
    mechanisms: InitVar[Mapping[str, Mechanism]]
    terminal_file: InitVar[int]
    recorder: Recorder
    limits: Limits
    number: int = 0
    mode: m.Mode = field(default_factory=m.Watching)
    said: tuple[str, ...] = ()
    terminal: Terminal = field(init=False)
    pace: Pace = field(init=False)
    course: Course = field(init=False)
    sight: Sight = field(init=False)
    reader: Reader = field(init=False)
    asking: Asking = field(init=False)
    giving: Giving = field(init=False)
    stay: Stay = field(default_factory=lambda: Stay(time.monotonic))
    watch: Watch = field(init=False)
    _open: ExitStack = field(default_factory=ExitStack)

    def __post_init__(
        self, console: Console, chronicle: Chronicle, mechanisms: Mapping[str, Mechanism], terminal_file: int
    ) -> None:
        strategies = {strategy.id: strategy for strategy in all_strategies()}
        id_ = str(self.recorder.investigation)
        screen = Screen(console, page_of(Console(file=sys.stdout)).unicode, of=self.number)
        self.watch = Watch(lambda: self.terminal.keep(BROKEN.format(command("resume", self.number))))
        hear = self.watch.hear
        self.terminal = Terminal(
            screen, terminal_file, lambda keys: hear(self.pressed, keys), lambda: hear(self._resized), self._gone
        )  # fmt: skip
        self.pace = Pace(self._draw, time.monotonic, hear)
        self.course = Course(LiveView(console))
        self.sight = Sight(
            lambda board: desk_of(board, mechanisms, strategies, id=id_, number=self.number), time.monotonic
        )  # fmt: skip
        self.reader = Reader(chronicle, Errands(self.watch.failed), self.pace.soon)
        self.asking = Asking(self.pace.soon)
        self.giving = Giving(
            chronicle, self.recorder, Errands(self.watch.failed), self.stay.wake, self._lost
        )  # fmt: skip

    def __enter__(self) -> Conversation:
        with ExitStack() as opened:
            opened.enter_context(self.watch)
            opened.enter_context(self.terminal)
            opened.callback(self.reader.errands.drop)
            opened.callback(self.giving.errands.drop)
            opened.callback(self.pace.stop)
            self.paint()
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    # --- what was committed, and painting ---------------------------------------------------------------

    def recall(self, events: Iterable[Event]) -> None:
        """What was committed before this run began, as far as the screen has to know it."""
        self.course.recall(events)

    def __call__(self, event: Event) -> None:
        """Take in one committed event."""
        self.course.take(event)
        self.pace.soon()

    def tell(self, text: str) -> None:
        """A line for the person; it stands on the terminal when the conversation is over, too."""
        self.terminal.keep(text)
        self._say((text,))

    def paint(self) -> None:
        """Paint what is so now."""
        self.pace.paint()

    def _draw(self) -> None:
        screen, board = self.terminal.screen, self.recorder.board
        page, left = screen.page(), self.stay.left_s
        # While a number is awaited or may be written, the list stands still: 2 stays what was 2.
        looked = self.sight.look(board, still=isinstance(self.mode, m.Numbering | m.Writing))
        if looked and self.said == (NO_LIST,) and board.posterior is not None:
            self.said = ()  # there is one
        painted = frame(Scene(
            desk=self.sight.desk, live=self.course.live, mode=self.mode, page=page, said=self.said,
            news=self.course.news, asked=self.asking.words, question=self.asking.question, reading=self.reader.lines,
            ended=self.stay.ended, leaves_s=left if left is not None and left < COUNTED_S else None,
        ))  # fmt: skip
        screen.paint(painted.rows, page.width)
        self.sight.painted(painted.shown)

    def _resized(self) -> None:
        if isinstance(self.mode, m.Reading):
            top = self.reader.fit(self.terminal.screen.page().width, self.mode.top)
            self._enter(replace(self.mode, top=top))
        self.terminal.screen.forget()
        self.paint()

    def _gone(self) -> None:
        """The terminal went away. Nobody is waited for any more; the investigation goes on alone."""
        self.asking.leave()
        self.stay.leave()

    # --- keys -------------------------------------------------------------------------------------------

    def pressed(self, keys: Sequence[Key]) -> None:
        """Keys that came at once: what they mean is decided against what was painted last, and what then is never
        waited for."""
        for key in keys:
            self._press(key)
        self.stay.touch()
        self.paint()

    def _press(self, key: Key) -> None:
        turn = press(self.mode, key, m.Table(
            desk=self.sight.desk, question=self.asking.question, ended=self.stay.ended,
            rows=reading_rows(self.terminal.screen.page()), drafts=self.giving.drafts, moved=self.sight.ranks.moved(),
        ))  # fmt: skip
        if turn.say is not None:
            self.said = turn.say
        if turn.kept is not None:
            self.giving.keep(turn.kept)
        self._enter(turn.mode)
        if turn.answer is not None:
            self.asking.answer(turn.answer)
        if turn.order is not None and self.sight.desk is not None:
            self._order(turn.order, self.sight.desk)
        if turn.leave:
            self.stay.leave()

    def _enter(self, mode: m.Mode) -> None:
        if not isinstance(mode, m.Reading):
            self.reader.close()
            self.mode = mode
            return
        page = self.terminal.screen.page()
        if not isinstance(self.mode, m.Reading):
            try:
                self.reader.open(mode.show, self.sight.desk, page)
            except NotFoundError as error:
                self.said, self.mode = (str(error),), m.Watching()
                return
        self.mode = replace(mode, top=self.reader.top(mode.top, reading_rows(page)))

    def _say(self, lines: tuple[str, ...]) -> None:
        """Say it below the list, or as a text to read where it is long."""
        if len(lines) >= LONG and isinstance(self.mode, m.Watching):
            self.said = ()
            self._enter(m.Reading(Show("said", lines=lines)))
        else:
            self.said = lines
        self.pace.soon()

    def _order(self, order: Ordered, desk: Desk) -> None:
        if self.stay.ended and order.name in LIVING:
            self.said = ("It has ended: nothing runs that this could be said to.",)
            return
        who = somebody(took_s=self.sight.took_s())
        shown = order.show(desk)
        self._say((f"Added. {shown[0]}",) if order.asks else shown)
        self.sight.expect(self.giving.begin(order, desk, who))

    def _lost(self, lines: tuple[str, ...]) -> None:
        self._say(lines)
        if self.stay.leaving:  # the screen is gone before it can be read
            self.terminal.keep(lines[0])

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way: no order, and no text."""
        return self.giving.errands.idle and self.reader.errands.idle

    # --- what the investigation asks --------------------------------------------------------------------

    async def gate(self, _board: Board) -> bool | None:
        """Whether to go on from where to why; None where nobody answers in time."""
        return await self._ask(m.Question.GATE, GATE, self.limits.gate_s)

    async def consent(self, words: str) -> bool | None:
        """Whether to spend more; None where nobody answers in time."""
        most = self.limits.consent_s
        return await self._ask(m.Question.SPEND, f"{words} {SPEND.format(most=most)}", most)

    async def _ask(self, question: m.Question, words: str, most_s: float) -> bool | None:
        answer = await self.asking.ask(question, words, most_s)
        await self.giving.settled()  # what was ordered before the answer comes before it
        return answer

    # --- after the end ----------------------------------------------------------------------------------

    async def after(self, take_up: Callable[[], Awaitable[Board]]) -> None:
        """Stay for a while: whoever pressed no key is taken to be gone, whoever did has as long as a pause holds.

        An order that needs work is committed at once, like every other; `take_up` works on what is committed until the
        investigation has ended again. So none is lost by leaving, or by whatever ends this process.
        """
        self.stay.renew()
        self.said = ()  # "going on" is no longer so
        while True:
            await self._settled()
            if self.recorder.board.status is Status.STOPPED:  # whoever stopped it is done with it
                return
            if self.giving.owes(self.recorder.board):
                await self._take_up(take_up)
            elif not await self.stay.wait(self.limits, self.paint):
                await self._settled()  # ordered by a key right before the one that leaves
                if self.giving.owes(self.recorder.board):
                    self.tell(OWED.format(command("resume", self.number)))
                return

    async def _take_up(self, take_up: Callable[[], Awaitable[Board]]) -> None:
        self.giving.take_up()
        self.stay.renew()
        self.stay.ended = False
        try:
            await take_up()
        except CompassError as error:
            self.tell(f"compass: it could not be taken up again: {error}")
            self.giving.theory = ""
        self.stay.ended = True
        self.paint()
        desk = self.sight.desk
        self._say(became(self.giving.theory, desk) or self.said if desk is not None else self.said)

    async def _settled(self) -> None:
        """What was ordered is committed, and seen here."""
        await self.giving.settled()
        self.stay.ended = True
        try:
            await self.recorder.catch_up(shown=True)
        except StorageError as error:  # the result stands on the screen, and may be read
            self.said = self.said or (f"What was committed since cannot be read: {error}",)


__all__ = ["OWED", "Conversation"]
