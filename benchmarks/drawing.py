"""Pictures of benchmarks, by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

from .figure import Benchmark, Figure, Shape

STYLE = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text as text: a small file that can be searched
    "svg.hashsalt": "sqldojo",  # the same picture is the same file
}
WIDTH, HEIGHT = 7.5, 4.2  # inches


def draw(benchmark: Benchmark, figures: Sequence[Figure], path: Path) -> None:
    """Draws the figures that have a series into a .png or .svg file."""
    shown = [each for each in figures if each.series]
    path.parent.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(STYLE):
        place, axes = plt.subplots(figsize=(WIDTH, HEIGHT), layout="constrained")
        _SHAPES[benchmark.picture.shape](axes, shown)
        axes.set_xlabel(benchmark.picture.x)
        axes.set_ylabel(benchmark.picture.y)
        if benchmark.picture.log_x:
            axes.set_xscale("log")
        if benchmark.picture.log_y:
            axes.set_yscale("log")
        axes.set_title(benchmark.title, fontsize=11, loc="left")
        place.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)
        plt.close(place)


def _lines(axes: Any, figures: Sequence[Figure]) -> None:
    for series in _series(figures):
        points = [(each.at, each.value) for each in figures if each.series == series]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=series)
    axes.legend()


def _bars(axes: Any, figures: Sequence[Figure]) -> None:
    words, series = _words(figures), _series(figures)
    width = 0.8 / len(series)
    for number, name in enumerate(series):
        values = {str(each.at): each.value for each in figures if each.series == name}
        places = [words.index(word) + (number - (len(series) - 1) / 2) * width for word in values]
        bars = axes.bar(places, list(values.values()), width, label=name)
        axes.bar_label(bars, fmt="{:,.3g}" if max(values.values()) < 100 else "{:,.0f}", fontsize=8)
    axes.set_xticks(range(len(words)), [word.replace(", ", ",\n") for word in words])
    axes.legend()


def _stack(axes: Any, figures: Sequence[Figure]) -> None:
    words = _words(figures)
    below = dict.fromkeys(words, 0.0)
    colours = plt.get_cmap("tab20").colors
    for number, name in enumerate(_series(figures)):
        values = {str(each.at): each.value for each in figures if each.series == name}
        heights = [max(0.0, values.get(word, 0.0)) for word in words]
        axes.bar(
            words, heights, 0.5, bottom=list(below.values()), label=name, color=colours[number % len(colours)]
        )
        below = {word: below[word] + height for word, height in zip(words, heights, strict=True)}
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)


_SHAPES = {Shape.LINES: _lines, Shape.BARS: _bars, Shape.STACK: _stack}


def _series(figures: Sequence[Figure]) -> list[str]:
    return list(dict.fromkeys(each.series for each in figures))


def _words(figures: Sequence[Figure]) -> list[str]:
    return list(dict.fromkeys(str(each.at) for each in figures))
