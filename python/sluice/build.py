"""A finished build: its folder, its report, and how it shows itself."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any


class Build:
    """What `Model.build` made.

    Attributes
    ----------
    folder : where everything was written: `rtl/*.v`, `design.json`, `report.html`, ...
    report : the report as a dictionary (`report.json`); every group of figures says how it was obtained
    problem : what is wrong with the design (it does not fit its board), or None

    In a notebook a build shows its report; `print(build)` shows the one-page summary.
    """

    def __init__(self, folder: Path, text: str, report_json: str, report_html: str, problem: str | None) -> None:
        self.folder = folder
        self.report: dict[str, Any] = json.loads(report_json)
        self.problem = problem
        self._text = text
        self._html = report_html

    @property
    def interval(self) -> int:
        """Cycles from one frame to the next."""
        return int(self.report["frame_interval"]["cycles"])

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the last beat out."""
        return int(self.report["latency"]["cycles"])

    @property
    def resources(self) -> dict[str, int]:
        """LUT, FF, DSP and BRAM18 of the whole design: synthesised where Yosys ran, else estimated."""
        resources = self.report["resources"]
        return dict(resources.get("synthesised") or resources["estimated"])

    @property
    def verilog(self) -> list[Path]:
        """The Verilog files, sorted by name; empty for `until="map"`."""
        return sorted((self.folder / "rtl").glob("*.v"))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<sluice.Build {self.report.get('name', '')}: {self.interval} cycles a frame, {self.folder}>"

    def _repr_html_(self) -> str:
        page = html.escape(self._html, quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:640px;border:0"></iframe>'
