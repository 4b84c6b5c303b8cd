"""The playground in Chromium, headless, with Python and archspec in the page, which is built first."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sampling import PROFILE

import archspec
from browser.test_live_in_browser import end_of, figure, told

pytestmark = [
    pytest.mark.skipif(PROFILE != "nightly", reason="the playground is built at night"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

BUILD = Path(__file__).parent.parent.parent / "docs" / "playground" / "build.py"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("playground")
    subprocess.run([sys.executable, str(BUILD), str(folder)], check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    problems, requests = [], []
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(120_000)
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    yield page
    page.close()
    assert problems == []
    own = (address.removesuffix("index.html"), "data:", "blob:")
    assert [url for url in requests if not url.startswith(own)] == []


def ready(page: Any) -> None:
    page.wait_for_selector("#count:not(:empty)")


def test_a_network_is_seen_before_the_compiler_is_there(page: Any, address: str) -> None:
    page.goto(address)
    frame = page.frame_locator("#picture iframe")
    frame.locator('[role=treeitem][aria-label^="inception3a:"]').first.wait_for()
    lines = frame.locator("#lines path.tip:not(.skip)")
    assert not lines.get_attribute("d").startswith("M0.0 0.0L0.0 0.0")
    assert page.locator("#count").inner_text() == ""
    ready(page)
    assert figure(page, "params") == f"{archspec.compile('googlenet').params:,}"


def test_a_mistake_is_mended_and_shared(page: Any, address: str) -> None:
    page.goto(address)
    ready(page)
    page.select_option("#open", "lenet")
    told(page, ".cm-line", "name: lenet")
    told(page, "#count", "No problems")
    before = figure(page, "params")
    end_of(page, "name: lenet")
    page.keyboard.press("Enter")
    page.keyboard.type("parms: {}")
    told(page, "#found .error", "parms")
    page.keyboard.press("Control+z")
    page.locator("#settings summary").click()
    page.fill("[name='param:num_classes']", "26")
    page.keyboard.press("Tab")
    told(page, "#figures .change", "+")
    page.click("#share")
    told(page, "#status", "link")
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    ready(page)
    told(page, "#figures", "26")
    assert figure(page, "params") == f"{archspec.compile('lenet', num_classes=26).params:,}" != before


@pytest.mark.parametrize("missing", ["memory.json", "memory.bin", "library.wasm"])
def test_without_its_memory_python_starts_from_its_files(browser: Any, address: str, missing: str) -> None:
    context = browser.new_context()  # routes of a page are not asked for what its worker fetches
    context.route(f"**/{missing}*", lambda route: route.abort())
    page = context.new_page()
    page.set_default_timeout(120_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    ready(page)
    assert any("Python starts from its files" in text for text in said)
    assert figure(page, "params") == f"{archspec.compile('googlenet').params:,}"
    context.close()


@pytest.mark.parametrize("fragment", ["x", "AAAA", "%00", "q1YqSS0uUbJSKkktLlGqBQA"])
def test_a_link_that_holds_nothing_opens_the_page(page: Any, address: str, fragment: str) -> None:
    page.goto(f"{address}#{fragment}")
    ready(page)


@pytest.mark.parametrize("kind", ["yaml", "svg", "png", "py"])
def test_files_are_kept(page: Any, address: str, kind: str, tmp_path: Path) -> None:
    page.goto(address)
    ready(page)
    page.locator("#downloads summary").click()
    with page.expect_download() as download:
        page.click(f"#downloads button[value={kind}]")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == f"googlenet.{kind}"
    if kind == "svg":
        assert file.read_text(encoding="utf-8") == archspec.draw("googlenet").svg
    else:
        assert file.read_bytes().startswith({"yaml": b"#", "png": b"\x89PNG", "py": b'"""'}[kind])
