"""Every control of the dashboard by name: found, told in the log, set from Python."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets as T  # noqa: N812

from svmwidgets.background import Background
from svmwidgets.found import FOLDED, find_controls, is_control

__all__ = ["Control", "Controls", "is_control"]

# What a viewer asks of the kernel by itself, while it is panned or zoomed.
_NOT_ACTED = frozenset({"view"})
_HEAD = frozenset({"steps", "log", "progress"})  # of no step
# What is not a view of an open visit: the visit itself, and its folders.
_NOT_RESTORED = frozenset({"inputs.path", "inputs.recent", "inputs.output"})
_LONGEST_SHOWN = 48
_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Parameters
    ----------
    name : str
        Step and attribute, for example ``filtering.table``.
    widget : Widget
        What is pressed, typed into or drawn on.
    """

    name: str
    widget: widgets.Widget

    @property
    def main_trait(self) -> str:
        """Trait that a value without a further name means; empty for none."""
        if isinstance(self.widget, widgets.Button | anywidget.AnyWidget):
            return ""
        return "selected_index" if isinstance(self.widget, FOLDED) else "value"

    @property
    def line(self) -> str:
        """Python that uses the control, for its documentation."""
        if isinstance(self.widget, widgets.Button):
            return f"dashboard.press({self.name!r})"
        if self.main_trait:
            value = getattr(self.widget, self.main_trait)
            return f"dashboard.set({self.name!r}, {value!r})"
        return f"dashboard.set('{self.name}.…', …)"


class Controls:
    """Controls by name; what the browser does to them is told in the log.

    Parameters
    ----------
    session : Background
        Gives the log.
    on_view : callable, optional
        Called when a view changed by hand.

    Notes
    -----
    An action that tells its own line of Python, as every decision does, gets
    no second one. Pan, zoom and what the pointer hovers over live in the page
    alone and change nothing here: they have no line.
    """

    def __init__(
        self, session: Background, on_view: Callable[[], Any] | None = None
    ) -> None:
        self._session = session
        self._on_view = on_view or (lambda: None)
        self._found: dict[str, Control] = {}
        self._names: dict[str, str] = {}  # by model id
        self._touched: dict[str, tuple[str, str]] = {}
        self._last = ""

    def __iter__(self) -> Iterator[Control]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, widget: widgets.Widget) -> bool:
        return widget.model_id in self._names

    def __getitem__(self, name: str) -> Control:
        """Return the control of that name.

        Raises
        ------
        KeyError
            If there is none; the message lists those of the same step.
        """
        if name not in self._found:
            step = name.partition(".")[0]
            near = [one for one in self._found if one.startswith(f"{step}.")]
            msg = f"no control {name!r}; there are {', '.join(near or self._found)}"
            raise KeyError(msg)
        return self._found[name]

    def adopt(self, name: str, widget: widgets.Widget) -> None:
        """Find all controls in a panel and listen to them.

        Parameters
        ----------
        name : str
            Name of the panel, or of the control itself.
        widget : Widget
            The panel; its attributes give the names of what it holds.
        """
        for path, found in find_controls(name, widget, set()):
            if is_control(found) and found.model_id not in self._names:
                unique = path
                number = 2
                while unique in self._found:
                    unique, number = f"{path}_{number}", number + 1
                control = Control(unique, found)
                self._found[unique] = control
                self._names[found.model_id] = unique
                self._listen(control)

    # ---- the same from Python ----

    def set(self, name: str, value: Any) -> None:
        """Give a control a value, as the browser would.

        Parameters
        ----------
        name : str
            Name of the control, and of its trait if it has several.
        value : object
            The value.

        Raises
        ------
        KeyError
            If there is no such control.
        """
        control, trait = self._resolve(name)
        with self._session.within(self._step_of(name)):
            is_view = self._told(
                control, (trait,), lambda: control.widget.set_trait(trait, value)
            )
        if is_view:
            self._touched[name] = (control.name, trait)  # even if it had that value
            self._on_view()

    def press(self, name: str) -> None:
        """Press a button.

        Raises
        ------
        KeyError
            If there is no such control.
        TypeError
            If it is no button.
        """
        widget = self[name].widget
        if not isinstance(widget, widgets.Button):
            msg = f"{name} is no button: use set"
            raise TypeError(msg)
        widget.click()

    def send(self, name: str, content: Mapping[str, Any]) -> None:
        """Have something happen to a table, form or figure.

        Parameters
        ----------
        name : str
            Name of the control.
        content : mapping
            The event, as the log has it.

        Raises
        ------
        KeyError
            If there is no such control.
        """
        self[name].widget._handle_custom_msg(dict(content), [])  # noqa: SLF001

    def values(self) -> dict[str, Any]:
        """Return the values of what was set by hand, by name."""
        found = {}
        for name, (control, trait) in sorted(self._touched.items()):
            value = getattr(self[control].widget, trait)
            if _is_plain(value):
                found[name] = value
        return found

    def restore(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Give controls the values of an earlier session, without a word in the log.

        Parameters
        ----------
        values : mapping
            What `values` returned.

        Returns
        -------
        dict
            Those that could not be given yet, for example a choice that a menu
            does not hold.
        """
        later = {}
        for name, value in values.items():
            if name in _NOT_RESTORED or name.partition(".")[0] in _HEAD:
                continue
            try:
                control, trait = self._resolve(name)
                with self._session.within(self._step_of(name)):
                    control.widget.set_trait(trait, value)
            except (KeyError, T.TraitError):
                later[name] = value
                continue
            self._touched[name] = (control.name, trait)
            if getattr(control.widget, trait) != value:
                later[name] = value
        return later

    def lines(self) -> list[str]:
        """Return the Python that sets those values."""
        return [
            f"dashboard.set({name!r}, {value!r})"
            for name, value in self.values().items()
        ]

    # ---- inside ----

    def _resolve(self, name: str) -> tuple[Control, str]:
        if name in self._found:
            control = self[name]
            if not control.main_trait:
                msg = f"{name} has several values: name one, as in {name}.selected"
                raise KeyError(msg)
            return control, control.main_trait
        owner, _, trait = name.rpartition(".")
        control = self[owner] if owner in self._found else self[name]
        if trait not in control.widget.keys:
            msg = f"{owner} has no value {trait!r}"
            raise KeyError(msg)
        return control, trait

    def _step_of(self, name: str) -> str:
        step = name.partition(".")[0]
        return step if "." in name and step not in _HEAD else self._session.looked_at()

    def _listen(self, control: Control) -> None:
        widget = control.widget
        if isinstance(widget, widgets.Button):
            click = widget.click
            widget.click = lambda: self._acted(
                control, click, f"dashboard.press({control.name!r})"
            )
            return
        set_state, handle = widget.set_state, widget._handle_custom_msg  # noqa: SLF001

        def take(state: Mapping[str, Any]) -> None:
            traits = tuple(name for name in state if name in widget.keys)
            self._told(control, traits, lambda: set_state(state))

        def hear(content: Mapping[str, Any], buffers: Any) -> None:
            if content.get("event") in _NOT_ACTED:
                handle(content, buffers)
                return
            line = f"dashboard.send({control.name!r}, {dict(content)!r})"
            self._acted(control, lambda: handle(content, buffers), line)

        widget.set_state = take
        widget._handle_custom_msg = hear  # noqa: SLF001

    def _acted(self, control: Control, act: Callable[[], Any], line: str) -> None:
        """Do something that has an effect of its own, and tell it once."""
        told = self._session.told
        act()
        if self._session.told == told:
            self._session.note_view(_words(control), line, is_again=False)
        self._last = ""

    def _told(
        self, control: Control, traits: tuple[str, ...], act: Callable[[], Any]
    ) -> bool:
        """Set traits, and tell those that are now different.

        Returns
        -------
        bool
            False if it had an effect that told its own line.
        """
        widget, told = control.widget, self._session.told
        before = {trait: getattr(widget, trait) for trait in traits}
        act()
        if self._session.told != told:
            self._last = ""
            return False
        lines = []
        for trait in traits:
            value = getattr(widget, trait)
            name = self._value_name(control, trait)
            if value is before[trait] or value == before[trait] or name is None:
                continue
            if not _is_plain(value):
                continue
            self._touched[name] = (control.name, self._value_trait(control, trait))
            lines.append(f"dashboard.set({name!r}, {self._value(control, trait)!r})")
        if lines:
            key = f"{control.name} {traits}"
            again = key == self._last
            words = _told_words(control, traits[0], getattr(widget, traits[0]))
            self._session.note_view(words, "\n".join(lines), is_again=again)
            self._last = key
            self._on_view()
        return True

    def _value_name(self, control: Control, trait: str) -> str | None:
        """Return the name under which a trait is set; None if it is not told."""
        if not control.main_trait:
            return f"{control.name}.{trait}"
        if trait in (control.main_trait, "index"):  # menus send their index
            return control.name
        return None

    def _value_trait(self, control: Control, trait: str) -> str:
        return control.main_trait or trait

    def _value(self, control: Control, trait: str) -> Any:
        return getattr(control.widget, self._value_trait(control, trait))


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(one) for one in value)
    if isinstance(value, dict):
        return all(_is_plain(one) for one in value.values())
    return isinstance(value, _PLAIN)


def _words(control: Control) -> str:
    step, _, rest = control.name.partition(".")
    words = rest.replace(".", " ").replace("_", " ")
    return f"{step}: {words}" if words else step


def _told_words(control: Control, trait: str, value: Any) -> str:
    """Return what was changed by hand, and to what if that is short."""
    if control.name == "steps":
        return f"Look at {value}"
    trait = "" if trait in (control.main_trait, "index") else trait
    words = f"{_words(control)} {trait}".replace("_", " ").strip()
    if trait == "" and not isinstance(value, str):
        value = getattr(control.widget, control.main_trait)
    shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
    is_short = len(str(shown)) <= _LONGEST_SHOWN
    return f"{words}: {shown}" if is_short and str(shown) else words
