"""The page as a visitor has it before him: a browser, what can be done in it, and what can be seen."""

import base64
import io
import json
import os

import numpy as np
import requests
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from server import wait_until

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
CHROMEDRIVER = os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver")
PATIENCE = 20.0
"""Seconds after which something on the page is taken for something that will never happen."""

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--force-device-scale-factor=1", "--hide-scrollbars",
         "--lang=en")
LOGS = {"browser": "ALL", "performance": "ALL"}

PIXELS = """
const canvas = document.getElementById(arguments[0]);
const copy = Object.assign(document.createElement("canvas"), {width: canvas.width, height: canvas.height});
const context = copy.getContext("2d", {willReadFrequently: true});
context.drawImage(canvas, 0, 0);
const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
let text = "";
for (let i = 0; i < data.length; i += 4)
  text += String.fromCharCode(data[i], data[i + 1], data[i + 2]);
return [canvas.width, canvas.height, btoa(text)];
"""


def start_browser():
    options = Options()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", LOGS)
    driver = webdriver.Chrome(service=Service(CHROMEDRIVER), options=options)
    driver.execute_cdp_cmd("Browser.grantPermissions", {
        "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    return driver


class Page:
    """One page; `folder` is where its downloads go."""

    def __init__(self, driver, server, folder):
        self.driver, self.server, self.folder = driver, server, folder
        self.expected = []
        self.driver.get("about:blank")
        self.logged(), self.requests()
        self.look()
        self.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    # The browser.

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def look(self, width=1280, height=900, scheme="light", motion="reduce"):
        """The size of the window, and what the visitor prefers."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion}])

    def open(self, words=""):
        """Opens the page with what stands behind # in its address, as one that was never open."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.server.url}/{'#' if words else ''}{words}")
        return self

    def logged(self):
        """What the console and the network complained about since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """The addresses that were asked for since the last call."""
        events = [json.loads(entry["message"])["message"]
                  for entry in self.driver.get_log("performance")]
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]

    def expect(self, words):
        """A complaint that holds these words is what the test is about."""
        self.expected.append(words)

    def assert_clean(self):
        """No complaint that was not expected, and nothing from elsewhere."""
        complaints = [message for message in self.logged()
                      if not any(words in message for words in self.expected)]
        assert not complaints, "the console says:\n" + "\n".join(complaints)
        own = (self.server.url + "/", f"blob:{self.server.url}/", "data:", "about:")
        elsewhere = [url for url in self.requests() if not url.startswith(own)]
        assert not elsewhere, f"asked of others: {elsewhere}"

    # What the visitor does.

    def find(self, name):
        return self.driver.find_element(By.ID, name)

    def click(self, name):
        element = self.find(name)
        self.script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def write(self, name, text):
        """Writes into a field over what stands in it."""
        self.find(name).send_keys(Keys.CONTROL + "a" + Keys.NULL + str(text))

    def choose(self, name, text):
        Select(self.find(name)).select_by_visible_text(text)

    def press(self, *keys):
        """Presses keys wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def click_at(self, name, share):
        """Clicks into an element, at a share of its width."""
        element = self.find(name)
        offset = (share - 0.5) * (element.size["width"] - 22)
        ActionChains(self.driver).move_to_element_with_offset(element, round(offset), 0) \
            .click().perform()

    def drop(self, file):
        """Drops a file on the page, as a file manager does."""
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.cdp("Input.dispatchDragEvent", type=kind, x=400, y=300, data=data)

    # What the visitor sees.

    def wait(self, happens, what):
        return wait_until(happens, what, PATIENCE)

    def text(self, name):
        """The text of an element, also of one that is hidden or scrolled out of sight."""
        return " ".join(self.find(name).get_property("textContent").split())

    def t(self):
        return int(self.text("t-value"))

    def wait_for_t(self, t):
        self.wait(lambda: self.t() == t, f"t is {t}")

    def is_done(self):
        states = {"image": "return document.getElementById('run').dataset.state",
                  "schedules": "return document.getElementById('compare-run').dataset.state",
                  "samples": "return document.getElementById('samples-mean').textContent && 'done'"}
        return self.script(states[self.script("return document.body.dataset.view")]) == "done"

    def wait_until_done(self):
        self.wait(self.is_done, "all frames have come")
        return self

    def pixels(self, name="frame"):
        """What a canvas shows, as an array."""
        width, height, data = self.script(PIXELS, name)
        return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 3)

    def wait_for_frame(self, expected):
        """Waits until the picture is exactly this one."""
        self.wait(lambda: np.array_equal(self.pixels(), expected), "the frame is shown")

    def drawn(self, name):
        """What a chart shows, to be compared with what it shows later."""
        return self.script("return document.getElementById(arguments[0]).toDataURL()", name)

    def place(self, name):
        """Left, top, right and bottom of an element in the window."""
        return self.script("const {left, top, right, bottom} = document.getElementById("
                           "arguments[0]).getBoundingClientRect(); return [left, top, right, bottom]",
                           name)

    def clipboard(self):
        return self.driver.execute_async_script(
            "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](`${error}`))")

    def downloads(self, count=1):
        """The files that were saved, once there are so many and none is on its way."""
        def are_there():
            files = [file for file in self.folder.iterdir() if file.is_file()]
            return len(files) >= count and not any(file.suffix == ".crdownload" for file in files) \
                and files
        return sorted(self.wait(are_there, f"{count} files are saved"))

    # What the service says.

    def asked(self, path, picture=None, **parameters):
        """The service's own answer to a picture, without the page."""
        url = self.server.url
        body = picture if picture is not None else requests.get(url + "/sample.png", timeout=60).content
        answer = requests.post(url + path, data=body, params=parameters, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer

    def frame(self, t, picture=None, **parameters):
        """The frame at t as the service makes it, an array."""
        given = {"steps": 20, "beta": 0.25, "seed": 42, "frames": t, **parameters}
        png = self.asked("/v1/images/frames", picture, **given).content
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
