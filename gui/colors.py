"""Every colour of the app, dark and light, as plain `#rrggbb` text: no Qt here.

Colour carries meaning and the meaning is the same everywhere: blue is positive, orange negative, the surface zero;
training is blue, validation orange and dashed. Names ending in `_text` are the shades that stay readable as text
(4.5 : 1) on every surface of their palette; `_soft` are quiet backgrounds for the same meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Final, final

CATEGORIES: Final = ("data", "layers", "activation", "regularisation", "shape", "math", "loss")
PORT_KINDS: Final = ("value", "target", "scalar")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of one theme."""

    name: str

    # Surfaces, from the deepest to the highest.
    canvas: str
    plot: str  # background of plots, formulas and heatmaps: what zero looks like
    panel: str
    raised: str
    hover: str  # a raised thing under the pointer
    pressed: str
    line: str  # separators
    border: str  # outlines of controls
    control: str  # outlines of check boxes and switches, which have no other mark
    segment: str  # the chosen one of several side by side
    knob: str  # handles of sliders and switches
    grid: str  # dots of the canvas, grid lines of plots

    text: str
    secondary: str
    disabled: str  # what cannot be done now can still be read

    accent: str  # lines and focus rings
    accent_fill: str  # filled buttons, below white text
    accent_hover: str
    accent_pressed: str
    on_accent: str
    accent_text: str
    accent_soft: str  # selection

    positive: str
    negative: str
    positive_text: str
    negative_text: str
    training: str
    validation: str

    error: str
    error_text: str
    error_soft: str
    error_border: str
    warning: str
    warning_text: str
    warning_soft: str
    warning_border: str
    success: str
    success_text: str
    success_soft: str

    # Hues of the block categories: strips and icons.
    data: str
    layers: str
    activation: str
    regularisation: str
    shape: str
    math: str
    loss: str

    # Ports, by what flows through them.
    port_value: str
    port_target: str
    port_scalar: str

    # Health of gradients, from vanishing to exploding.
    health_vanishing: str
    health_low: str
    health_good: str
    health_high: str
    health_exploding: str

    def category(self, category: str) -> str:
        """The hue of a block category.

        Raises:
            KeyError: there is no such category.
        """
        if category not in CATEGORIES:
            raise KeyError(f'no block category "{category}"; there are {", ".join(CATEGORIES)}')
        return str(getattr(self, category))

    def port(self, kind: str) -> str:
        """The colour of a port kind.

        Raises:
            KeyError: there is no such kind.
        """
        if kind not in PORT_KINDS:
            raise KeyError(f'no port kind "{kind}"; there are {", ".join(PORT_KINDS)}')
        return str(getattr(self, f"port_{kind}"))

    def colors(self) -> Iterator[tuple[str, str]]:
        """Field name and `#rrggbb`, for all colours."""
        return ((field.name, getattr(self, field.name)) for field in fields(self) if field.name != "name")


DARK: Final = Palette(
    name="dark",
    canvas="#12141a",
    plot="#12141a",
    panel="#191c24",
    raised="#222633",
    hover="#2a2f3e",
    pressed="#1d212c",
    line="#2e3444",
    border="#3a4155",
    control="#6b7489",
    segment="#323848",
    knob="#e6e9f0",
    grid="#262b38",
    text="#e6e9f0",
    secondary="#9aa3b5",
    disabled="#868fa1",
    accent="#3b82f6",
    accent_fill="#2563eb",
    accent_hover="#2f6fed",
    accent_pressed="#1d4ed8",
    on_accent="#ffffff",
    accent_text="#74aefb",
    accent_soft="#1d2a45",
    positive="#3b82f6",
    negative="#f97316",
    positive_text="#60a5fa",
    negative_text="#fb923c",
    training="#3b82f6",
    validation="#f97316",
    error="#ef4444",
    error_text="#f87171",
    error_soft="#2d1c22",
    error_border="#6b2c34",
    warning="#f59e0b",
    warning_text="#f59e0b",
    warning_soft="#2b2417",
    warning_border="#614716",
    success="#34d399",
    success_text="#34d399",
    success_soft="#162b25",
    data="#2dd4bf",
    layers="#818cf8",
    activation="#f59e0b",
    regularisation="#c084fc",
    shape="#94a3b8",
    math="#5bb4f0",
    loss="#fb7185",
    port_value="#a8b3c7",
    port_target="#2dd4bf",
    port_scalar="#fb7185",
    health_vanishing="#dbe3ee",
    health_low="#8fd6bb",
    health_good="#34c98a",
    health_high="#d98a1f",
    health_exploding="#dc2f2f",
)

LIGHT: Final = Palette(
    name="light",
    canvas="#f6f7f9",
    plot="#ffffff",
    panel="#ffffff",
    raised="#ffffff",
    hover="#eef0f4",
    pressed="#e6e9ef",
    line="#d9dee7",
    border="#c3cad6",
    control="#868fa1",
    segment="#ffffff",
    knob="#ffffff",
    grid="#e6e9ef",
    text="#1a1f2b",
    secondary="#5b6475",
    disabled="#6a7282",
    accent="#3b82f6",
    accent_fill="#2563eb",
    accent_hover="#1d4ed8",
    accent_pressed="#1e40af",
    on_accent="#ffffff",
    accent_text="#1d4ed8",
    accent_soft="#e3edfe",
    positive="#3b82f6",
    negative="#f97316",
    positive_text="#1d4ed8",
    negative_text="#b93a0a",
    training="#3b82f6",
    validation="#ea580c",
    error="#ef4444",
    error_text="#b91c1c",
    error_soft="#fdecec",
    error_border="#f3b9b9",
    warning="#f59e0b",
    warning_text="#92400e",
    warning_soft="#fdf3dc",
    warning_border="#ecd08f",
    success="#059669",
    success_text="#036349",
    success_soft="#e3f6ee",
    data="#0d9488",
    layers="#4f46e5",
    activation="#c96a05",
    regularisation="#9333ea",
    shape="#64748b",
    math="#0369a1",
    loss="#e11d48",
    port_value="#64748b",
    port_target="#0d9488",
    port_scalar="#e11d48",
    health_vanishing="#d5dde8",
    health_low="#8fd6bb",
    health_good="#34c98a",
    health_high="#d98a1f",
    health_exploding="#dc2f2f",
)


PAPER: Final = replace(LIGHT, name="paper", canvas="#ffffff", line="#b4bdcb", grid="#ffffff")
"""For pictures in papers and print: on white, with outlines that a printer shows."""


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`, from 0 to 1 (WCAG 2.2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2); text needs 4.5, graphics 3."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(color: str) -> str:
    """Black or white, whichever is read more easily on a colour: 4.58 at the least."""
    return "#000000" if luminance(color) > 0.179 else "#ffffff"  # where (L + 0.05) / 0.05 = 1.05 / (L + 0.05)


def mix(first: str, second: str, part: float) -> str:
    """`first` with `part` (0 to 1) of `second`, straight in sRGB."""
    pairs = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)
