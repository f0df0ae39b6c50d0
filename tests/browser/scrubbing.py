"""What scrubbing costs: the time is moved with every display frame, and what the page does is counted."""

STEPS = 100
OPEN = f"steps={STEPS}&schedule=linear&beta_start=0.001&beta_end=0.1&t=0"

SCRUB = """
const [ticks, done] = arguments;
const {clock} = window.explorer;
const own = window.createImageBitmap, draw = CanvasRenderingContext2D.prototype.drawImage;
const fetched = performance.getEntriesByType("resource").length;
const count = {decoded: 0, drawn: 0, shown: new Set()};
window.createImageBitmap = (...words) => { count.decoded++; return own.apply(window, words); };
CanvasRenderingContext2D.prototype.drawImage = function (...words) {
  if (this.canvas.id === "frame") { count.drawn++; count.shown.add(words[0]); }
  return draw.apply(this, words);
};
const steps = Number(document.getElementById("slider").max);
let tick = 0, start = 0;
const times = [];
const next = (now) => {
  times.push(now);
  if (tick === ticks) {
    window.createImageBitmap = own;
    CanvasRenderingContext2D.prototype.drawImage = draw;
    done({...count, shown: count.shown.size, times,
      asked: performance.getEntriesByType("resource").length - fetched});
    return;
  }
  /* To the end and back again. */
  const place = ++tick % (2 * steps);
  clock.go(place <= steps ? place : 2 * steps - place);
  requestAnimationFrame(next);
};
requestAnimationFrame(next);
"""


def metrics(page):
    """What the browser itself has counted."""
    return {metric["name"]: metric["value"]
            for metric in page.cdp("Performance.getMetrics")["metrics"]}


def scrub(page, ticks=2 * STEPS):
    """Scrubs, a step with each display frame; gives what was counted, and what the browser counted."""
    page.cdp("Performance.enable")
    before = metrics(page)
    counted = page.driver.execute_async_script(SCRUB, ticks)
    after = metrics(page)
    page.cdp("Performance.disable")
    return counted, {name: after[name] - before[name] for name in after}
