"""The conversation itself: committed events in, keys in, orders out. It waits for nobody, and nobody waits for it."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType

from rich.console import Console
from rich.text import Text

from compass.disproof import all_strategies
from compass.domain.board import Board
from compass.domain.chronicle import Event, Opened, Proposed
from compass.domain.failure import Status
from compass.domain.mechanism import Mechanism
from compass.entrypoints.cli.commanding import LIVING, WORKS, owed
from compass.entrypoints.cli.conversation import meaning, named, pasting
from compass.entrypoints.cli.conversation import modes as m
from compass.entrypoints.cli.conversation.became import about, became
from compass.entrypoints.cli.conversation.keys import Key, Keyboard
from compass.entrypoints.cli.conversation.painting import frame, reading_rows
from compass.entrypoints.cli.conversation.ranks import Ranks
from compass.entrypoints.cli.conversation.reading import Shelf, at_once, fetched, wrapped
from compass.entrypoints.cli.conversation.scene import Scene
from compass.entrypoints.cli.conversation.screen import Screen
from compass.entrypoints.cli.conversation.wanted import Show
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.output import page as page_of
from compass.entrypoints.cli.render.output import tell
from compass.investigation.commanding import Desk, Ordered, Who, desk_of
from compass.investigation.commanding.answer import Answer
from compass.investigation.commanding.give import give, somebody
from compass.investigation.recorder import Recorder
from compass.investigation.settings import Limits
from compass.ports.chronicle import Chronicle
from compass.ports.errors import CompassError, NotFoundError
from compass.projections.ordered import fold_orders

PAINT_S = 0.1
"""Between two repaints for what was committed; a key is answered at once."""
BUSY = 4.0
"""A repaint may take one in so many parts of the time."""
SPEND = "y: spend it · Enter, or {most:.0f} s: go on without the model"
GATE = "What and where are answered. Enter: go on to why · s: stop here"
OWED = "compass: what you ordered last is recorded, and nobody worked on it yet: compass resume does"
LONG = 6
"""Lines said back from which they are shown as a text to read."""


@dataclass(slots=True)
class Conversation:
    """One investigation on one terminal. Mutable on purpose: it is the screen's state, not the investigation's."""

    console: Console
    chronicle: Chronicle
    recorder: Recorder
    mechanisms: Mapping[str, Mechanism]
    limits: Limits
    terminal: int  # what keys are read from
    number: int = 0
    touched: bool = False  # somebody pressed a key
    live: LiveView = field(init=False)
    screen: Screen = field(init=False)
    mode: m.Mode = field(default_factory=m.Watching)
    desk: Desk | None = None  # as it was painted
    said: tuple[str, ...] = ()
    news: str = ""
    question: m.Question = m.Question.NONE
    asked: str = ""
    ended: bool = False
    leaving: bool = False
    drafts: dict[str, m.Pasting] = field(default_factory=dict)
    ranks: Ranks = field(default_factory=lambda: Ranks(time.monotonic))
    _text: tuple[Text, ...] = ()  # what is read, and the same in lines that fit
    _reading: tuple[Text, ...] = ()
    _reply: asyncio.Future[bool] | None = None
    _about: str = ""  # the theory that was ordered to be worked on last
    _told: list[str] = field(default_factory=list)
    _one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _timer: asyncio.TimerHandle | None = None
    _painted_s: float = 0.0
    _between_s: float = PAINT_S
    _shown_s: float = 0.0
    _shown: tuple[str, ...] = ()
    _leaves_at: float | None = None
    _works: bool = False  # an order that needs work was given since it was last taken up
    _open: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.live = LiveView(self.console)
        self.screen = Screen(self.console, page_of(Console(file=sys.stdout)).unicode)

    # --- the terminal -----------------------------------------------------------------------------------

    def __enter__(self) -> Conversation:
        loop = asyncio.get_running_loop()
        with ExitStack() as opened:
            opened.enter_context(self.screen)
            opened.enter_context(Keyboard(self.terminal, self.pressed))
            loop.add_signal_handler(signal.SIGWINCH, self._resized)
            opened.callback(loop.remove_signal_handler, signal.SIGWINCH)
            self.paint()
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        self._open.close()
        for text in self._told:  # it was painted over
            tell(text)

    def tell(self, text: str) -> None:
        """A line for the person; it stands on the terminal when the conversation is over, too."""
        self._told.append(text)
        self._say((text,))

    def recall(self, events: Iterable[Event]) -> None:
        """What was committed before this run began, as far as the screen has to know it."""
        for event in events:
            if isinstance(event.payload, Opened | Proposed):
                self.live.take(event.payload)

    def _resized(self) -> None:
        if isinstance(self.mode, m.Reading):
            self._wrap()
            self._enter(self.mode)
        self.screen.forget()
        self.paint()

    # --- events and painting ----------------------------------------------------------------------------

    def __call__(self, event: Event) -> None:
        """Take in one committed event."""
        payload = event.payload
        line = self.live.take(payload).strip()
        self.news = line.split("\n")[0] or self.news
        self._changed()

    def _changed(self) -> None:
        """Repaint soon. Events come in bursts; one frame shows all of a burst."""
        if self._timer is None:
            wait = max(0.0, self._painted_s + self._between_s - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait, self.paint)

    def paint(self) -> None:
        """Paint what is so now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        began = time.monotonic()
        page = self.screen.page()
        board = self.recorder.board
        # While a number is awaited or may be written, the list stands still: 2 stays what was 2.
        still = self.desk is not None and isinstance(self.mode, m.Numbering | m.Writing)
        if board.incident is not None and not still and (self.desk is None or self.desk.board is not board):
            if self.said == (meaning.NO_LIST,) and board.posterior is not None:
                self.said = ()  # there is one
            self.desk = desk_of(
                board, self.mechanisms, {strategy.id: strategy for strategy in all_strategies()},
                id=str(self.recorder.investigation), number=self.number,
            )  # fmt: skip
        left = self._leaves_at - began if self._leaves_at is not None else None
        painted = frame(Scene(
            desk=self.desk, live=self.live, mode=self.mode, page=page, said=self.said, news=self.news, asked=self.asked,
            question=self.question, reading=self._reading, ended=self.ended,
            leaves_s=left if left is not None and left < 60 else None,
        ))  # fmt: skip
        self.screen.paint(painted.rows, page.width)
        if painted.shown is not None and painted.shown != self._shown:
            self._shown, self._shown_s = painted.shown, began
        if self.desk is not None:
            self.desk = replace(self.desk, shown=self._shown) if self.desk.shown != self._shown else self.desk
            if painted.shown is not None:  # in sight
                self.ranks.painted(self.desk.listed)
        self._painted_s = time.monotonic()
        self._between_s = max(PAINT_S, BUSY * (self._painted_s - began))

    # --- keys -------------------------------------------------------------------------------------------

    def pressed(self, keys: Sequence[Key]) -> None:
        """Keys that came at once: what they mean is decided against what was painted last, and what then is never
        waited for."""
        self.touched = True
        for key in keys:
            self._press(key)
        self._woken.set()
        self.paint()

    def _press(self, key: Key) -> None:
        turn = meaning.press(self.mode, key, m.Table(
            desk=self.desk, question=self.question, ended=self.ended, rows=reading_rows(self.screen.page()),
            drafts=self.drafts, moved=self.ranks.moved(),
        ))  # fmt: skip
        if turn.say is not None:
            self.said = turn.say
        if turn.kept is not None:
            self.drafts[turn.kept.request.id] = turn.kept
        self._enter(turn.mode)
        if turn.answer is not None and self._reply is not None and not self._reply.done():
            self._reply.set_result(turn.answer)
        if turn.order is not None and self.desk is not None:
            self._order(turn.order, self.desk)
        self.leaving = self.leaving or turn.leave

    def _enter(self, mode: m.Mode) -> None:
        if isinstance(mode, m.Reading):
            if not isinstance(self.mode, m.Reading) and not self._open_text(mode.show):
                self.mode = m.Watching()
                return
            most = max(0, len(self._reading) - reading_rows(self.screen.page()))
            mode = replace(mode, top=min(mode.top, most))
        self.mode = mode

    def _open_text(self, show: Show) -> bool:
        """Begin to read it; False where it is not there, which is said."""
        desk = self.desk
        lines: list[Text] | None = list(named.keys_lines())
        if desk is not None:
            shelf = Shelf(desk=desk, chronicle=self.chronicle, page=replace(self.screen.page(), full=True))
            try:
                lines = at_once(show, shelf)
            except NotFoundError as error:
                self.said = (str(error),)
                return False
            if lines is None:
                self._work(self._fetch(show, shelf))
        self._text = (Text("One moment …", style="dim"),) if lines is None else tuple(lines)
        self._wrap()
        return True

    async def _fetch(self, show: Show, shelf: Shelf) -> None:
        try:
            lines = await fetched(show, shelf)
        except CompassError as error:
            lines = [Text(str(error), style="yellow")]
        if isinstance(self.mode, m.Reading) and self.mode.show is show:  # else nobody waits for it any more
            self._text = tuple(lines)
            self._wrap()
            self._changed()

    def _wrap(self) -> None:
        self._reading = wrapped(self._text, self.screen.page().width - 1)

    def _say(self, lines: tuple[str, ...]) -> None:
        """Say it below the list, or as a text to read where it is long."""
        if len(lines) >= LONG and isinstance(self.mode, m.Watching):
            self.said = ()
            self._enter(m.Reading(Show("said", lines=lines)))
        else:
            self.said = lines
        self._changed()

    # --- orders -----------------------------------------------------------------------------------------

    def _order(self, order: Ordered, desk: Desk) -> None:
        if self.ended and order.name in LIVING:
            self.said = ("It has ended: nothing runs that this could be said to.",)
            return
        took = time.monotonic() - self._shown_s if self._shown_s else None
        who = somebody(took_s=took)
        shown = order.show(desk)
        self._say((f"Added. {shown[0]}",) if order.asks else shown)
        self._about = about(order) or self._about
        # A key that was pressed at once with this one is meant after it.
        orders = desk.board.orders
        for _, payload in order.apply(desk, who):
            orders = fold_orders(payload, orders)
        self.desk = replace(desk, board=replace(desk.board, orders=orders))
        self._work(self._given(order, desk, who, self._draft(order)))

    def _draft(self, order: Ordered) -> m.Pasting | None:
        return self.drafts.get(order.value.request.id) if isinstance(order.value, Answer) else None

    async def _given(self, order: Ordered, desk: Desk, who: Who, sent: m.Pasting | None) -> None:
        try:
            async with self._one_by_one:  # as they were pressed
                # Decided on what was shown; but what was ordered a moment before still holds.
                orders = (await self.recorder.catch_up(shown=True)).orders
                now = replace(desk, board=replace(desk.board, orders=orders))
                await give(self.chronicle, self.recorder.investigation, order, now, who)
                await self.recorder.catch_up(shown=True)
        except CompassError as error:
            lost = f"It was not recorded: {error}"
            self._say((lost, *((pasting.KEPT,) if sent is not None else ())))
            self._told += [lost] if self.leaving else []  # the screen is gone before it can be read
            return
        if sent is not None and self._draft(order) is sent:  # else it was gone on with meanwhile
            del self.drafts[sent.request.id]
        self._works = self._works or order.name in WORKS
        self._woken.set()

    def _work(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- what the investigation asks --------------------------------------------------------------------

    async def gate(self, _board: Board) -> bool | None:
        """Whether to go on from where to why; None where nobody answers in time."""
        return await self._ask(m.Question.GATE, GATE, self.limits.gate_s)

    async def consent(self, words: str) -> bool | None:
        """Whether to spend more; None where nobody answers in time."""
        most = self.limits.consent_s
        return await self._ask(m.Question.SPEND, f"{words} {SPEND.format(most=most)}", most)

    async def _ask(self, question: m.Question, words: str, most_s: float) -> bool | None:
        self._reply = asyncio.get_running_loop().create_future()
        self.question, self.asked = question, words
        self._changed()
        try:
            answer = await asyncio.wait_for(self._reply, most_s)
        except TimeoutError:
            answer = None
        finally:
            self.question, self.asked, self._reply = m.Question.NONE, "", None
            self._changed()
        await asyncio.gather(*self._tasks)  # what was ordered before the answer comes before it
        return answer

    # --- after the end ----------------------------------------------------------------------------------

    async def after(self, take_up: Callable[[], Awaitable[Board]]) -> None:
        """Stay for a while: whoever pressed no key is taken to be gone, whoever did has as long as a pause holds.

        An order that needs work is committed at once, like every other; `take_up` works on what is committed until the
        investigation has ended again. So none is lost by leaving, or by whatever ends this process.
        """
        self._leaves_at = None
        self.said = ()  # "going on" is no longer so
        while True:
            await self._settled()
            board = self.recorder.board
            if board.status is Status.STOPPED:  # whoever stopped it is done with it
                return
            if not (self._works and owed(board)):
                if not await self._wait():
                    await self._settled()  # ordered by a key right before the one that leaves
                    if self._works and owed(self.recorder.board):
                        self.tell(OWED)
                    return
                continue
            self.ended, self._works, self._leaves_at = False, False, None
            try:
                await take_up()
            except CompassError as error:
                self.tell(f"compass: it could not be taken up again: {error}")
                self._about = ""
            self.ended = True
            self.paint()
            self._say(became(self._about, self.desk) or self.said if self.desk is not None else self.said)

    async def _settled(self) -> None:
        """What was ordered is committed, and seen here."""
        await asyncio.gather(*self._tasks)
        await self.recorder.catch_up(shown=True)
        self.ended = True

    async def _wait(self) -> bool:
        """Until the next key or order; False when the person leaves, or the time is over."""
        most = self.limits.pause_s if self.touched else self.limits.linger_s
        if self._leaves_at is None or self._woken.is_set():
            self._leaves_at = time.monotonic() + most
        self._woken.clear()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._leave)
        self.paint()
        try:
            left = self._leaves_at - time.monotonic()
            if self.leaving or left <= 0:
                return False
            with suppress(TimeoutError):  # the seconds that are left are shown
                await asyncio.wait_for(self._woken.wait(), min(1.0, left))
        finally:
            loop.remove_signal_handler(signal.SIGINT)
        return not self.leaving

    def _leave(self) -> None:
        self.leaving = True
        self._woken.set()
