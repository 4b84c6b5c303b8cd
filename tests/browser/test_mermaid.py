"""Mermaid's own parser and renderer, in Chromium, on the Mermaid text of pictures."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
from corpus import SOME_SPECS
from sampling import few

import archspec
from archspec.drawing.content.labels import printable
from archspec.drawing.content.scene import Scene
from archspec.drawing.drawing import CardDrawing, draw
from archspec.drawing.pictures import draw as draw_spec
from archspec.language import library

MERMAID = "mermaid@11.17.2"

ODD = (
    """
end|END|End of it|click|graph TD|subgraph x|style n0 fill:red|class n0 x|default|o--o|x --> y|A---B|x|o
1. first|2) second|- item|+ item|* item|# heading|> quote|**bold**|_slanted_|`code`|```|~~struck~~|[link](x)|![image](x)
"quoted"|'|it's|a; b|a, b|(round)|((round))|[square]|{curly}|[[x]]|a\\b|\\n|\\"|%% comment|%%{init: {}}%%|---|***
<b>bold</b>|<br>|<script>alert(1)</script>|</span>|<!-- x|&amp; &lt; &#35;|#35;|#quot;|#amp;|$$x^2$$
@{ shape: x }|:::c|n0@{x}|é文😀|ﬁ|×|10%|1|0|true|null|__proto__|constructor|toString|accTitle: x|fa:fa-car|https://example.org/a_b?c=d&e#f|www.example.org
""".strip()
    .replace("\n", "|")
    .split("|")
)
"""Texts that mean something in Mermaid, Markdown or HTML."""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of Mermaid, of the version that the tests are for."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("mermaid")
    command = ["npm", "pack", MERMAID, "--fetch-retries=0", "--fetch-timeout=60000"]
    if subprocess.run(command, cwd=folder, capture_output=True).returncode:
        pytest.skip(f"npm cannot fetch {MERMAID}")
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        found = packed.extractfile("package/dist/mermaid.min.js")
        assert found is not None
        return found.read().decode()


@pytest.fixture(scope="module")
def mermaid(browser: Any, script: str) -> Any:
    """A page with Mermaid, as it is where nothing is configured."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_content("<!DOCTYPE html><body></body>")
    page.add_script_tag(content=script)
    page.evaluate("mermaid.initialize({ startOnLoad: false })")
    return page


PARSE = """async (text) => {
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  return [db.getVertices().size, db.getEdges().length, db.getSubGraphs().length];
}"""


def check(mermaid: Any, picture: CardDrawing) -> None:
    """Mermaid reads as many boxes, edges and frames as the picture has."""
    scene = picture.placing.scene
    assert mermaid.evaluate(PARSE, picture.mermaid) == [len(scene.boxes), len(scene.edges), len(scene.clusters)]


@pytest.mark.parametrize(
    ("path", "detail"), list(product(SOME_SPECS, ("overview", "blocks"))), ids=lambda x: getattr(x, "stem", x)
)
def test_it_reads_every_spec(mermaid: Any, path: Path, detail: str) -> None:
    picture = draw_spec(path, detail=detail)
    if detail == "blocks" and len(picture.placing.scene.edges) > 500:
        with pytest.raises(Exception, match="Edge limit exceeded"):
            check(mermaid, picture)
    else:
        check(mermaid, picture)


@pytest.mark.parametrize("name", library.blocks())
def test_it_reads_every_block_of_the_library(mermaid: Any, name: str) -> None:
    for detail in ("overview", "ops"):
        check(mermaid, draw_spec(block=name, detail=detail))


RENDER = """async (text) => {
  document.body.innerHTML = (await mermaid.render("picture", text)).svg;
  const texts = (selector) => [...document.querySelectorAll(selector)].map((each) => each.textContent);
  return { title: texts("svg > title")[0], boxes: texts("g.node"), frames: texts("g.cluster .cluster-label") };
}"""


def words(texts: Iterable[str]) -> list[str]:
    """Texts without spaces, sorted."""
    return sorted("".join(text.split()) for text in texts)


def test_it_shows_what_boxes_and_frames_say(mermaid: Any) -> None:
    blocks = "".join(f"  layer{index}: {{graph: {{a: relu, b: tanh}}}}\n" for index in range(len(ODD)))
    text = f"archspec: 1\nname: odd\ninputs: {{image: [8, 4, 4]}}\ngraph:\n{blocks}"
    picture = draw(archspec.compile_text(text), detail="ops")
    scene = odd(picture.placing.scene)
    shown = mermaid.evaluate(RENDER, replace(picture, placing=replace(picture.placing, scene=scene)).mermaid)
    assert words(shown["boxes"]) == words(printable(box.title) for box in scene.boxes)
    assert words(shown["frames"]) == words(f"{each.name}: {printable(each.title)}" for each in scene.clusters)


def odd(scene: Scene) -> Scene:
    """A scene whose boxes and frames say odd things."""
    texts = cycle(ODD)
    boxes = tuple(replace(box, title=next(texts), arguments="", name="", lines=()) for box in scene.boxes)
    frames = tuple(each._replace(name=each.path, title=next(texts)) for each in scene.clusters)
    return replace(scene, boxes=boxes, clusters=frames)


@pytest.mark.parametrize("name", few(ODD, 15))
def test_a_network_may_have_any_name(mermaid: Any, name: str) -> None:
    picture = draw(archspec.compile_text("archspec: 1\nname: x\ninputs: {image: [1]}\ngraph: {relu: relu}"))
    scene = replace(picture.placing.scene, name=name)
    shown = mermaid.evaluate(RENDER, replace(picture, placing=replace(picture.placing, scene=scene)).mermaid)
    assert shown["title"] == printable(name)
