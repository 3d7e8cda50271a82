"""How the page looks: light, on screen and on paper, with nothing but CSS that every browser knows."""

from __future__ import annotations

from typing import Final

from gui.backprop.symbols import COLORS
from gui.colors import PAPER
from gui.report.figures import scale_colors

_FONTS: Final = 'Inter, "Segoe UI", "Helvetica Neue", Arial, sans-serif'
_MONO: Final = '"JetBrains Mono", Consolas, Menlo, "DejaVu Sans Mono", monospace'


def style() -> str:
    """The style sheet."""
    look = PAPER
    phases = "\n".join(
        f"section.{phase} {{ border-left-color: {getattr(look, color)}; }}" for phase, color in COLORS.items()
    )
    return f"""
* {{ box-sizing: border-box; -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
body {{ margin: 0 auto; max-width: 860px; padding: 32px 24px 64px; background: #ffffff; color: {look.text};
  font: 15px/1.5 {_FONTS}; }}
h1 {{ font-size: 26px; line-height: 1.2; margin: 0 0 4px; }}
h2 {{ font-size: 20px; margin: 40px 0 8px; padding-bottom: 4px; border-bottom: 1px solid {look.line}; }}
h3 {{ font-size: 16px; margin: 0 0 2px; }}
h4 {{ font-size: 12px; font-weight: 600; color: {look.secondary}; margin: 12px 0 4px; }}
p {{ margin: 4px 0; }}
a {{ color: {look.accent_text}; text-decoration: none; }}
a:hover {{ text-decoration: underline; }}
code, table, output, .shape, .range, .exact, .names, dd {{ font-family: {_MONO}; font-size: 12px; }}
.quiet, .range, .shape, .exact, .names, .lead {{ color: {look.secondary}; }}
.quiet {{ font-size: 13px; }}
nav ol {{ columns: 2; column-gap: 32px; padding-left: 0; list-style: none; margin: 4px 0 12px; font-size: 13px; }}
nav li {{ break-inside: avoid; }}
dl {{ display: grid; grid-template-columns: max-content 1fr max-content 1fr; gap: 2px 16px; font-size: 13px; }}
dt {{ color: {look.secondary}; }}
dd {{ margin: 0; }}
section {{ border-left: 4px solid {look.line}; padding: 2px 0 2px 16px; margin: 20px 0; }}
{phases}
.formulas {{ border: 1px solid {look.line}; border-radius: 8px; padding: 8px 14px; background: #ffffff; }}
.math {{ font-size: 18px; line-height: 1.9; margin: 6px 0; }}
.math svg {{ max-width: 100%; overflow: visible; fill: {look.text}; }}
figure {{ margin: 10px 0; break-inside: avoid; }}
figure.term {{ margin-left: 24px; }}
figcaption, .number {{ font-size: 13px; font-weight: 600; margin: 10px 0 3px; }}
figcaption .shape, .number output {{ font-weight: 400; padding-left: 6px; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
td {{ border: 1px solid {look.line}; padding: 2px 8px; text-align: right; white-space: nowrap; }}
img {{ display: block; image-rendering: pixelated; border: 1px solid {look.line}; }}
.scale {{ display: flex; justify-content: space-between; width: 200px; font: 11px {_MONO}; color: {look.secondary};
  flex-wrap: wrap; margin-top: 4px; }}
.scale i {{ width: 100%; height: 8px; background: linear-gradient(to right, {scale_colors()}); }}
.fault {{ border: 1px solid {look.error}; border-radius: 8px; padding: 8px 14px; color: {look.error_text}; }}
.network svg {{ width: 100%; height: auto; max-height: 520px; }}
footer {{ margin-top: 48px; font-size: 12px; color: {look.secondary}; }}
@page {{ margin: 16mm 14mm; }}
@media print {{
  body {{ max-width: none; padding: 0; font-size: 11pt; }}
  h2, h3, h4, h3 + .quiet, figcaption {{ break-after: avoid; }}
  .fault, .number, .math {{ break-inside: avoid; }}
  .wide {{ overflow: visible; }}
  td {{ padding: 1px 5px; }}
  table {{ font-size: 8pt; }}
  a {{ color: inherit; }}
}}
"""
