"""One request of each kind that there is, as bytes to send: what tests of the whole service mix."""

import dataclasses
import functools
import json

import numpy as np
from PIL import Image

import imagery
import pictures
from checks import FRAMES, HISTOGRAMS
from checks_samples import LESSON, SAMPLES
from rawhttp import request_head

MAX_BODY = 200_000
"""The server's limit (--max-body) that kinds() counts on."""

BOUNDARY = "an-edge"


@dataclasses.dataclass(frozen=True)
class Request:
    """A request and the status of its answer, where nothing goes wrong."""
    method: str
    target: str
    body: bytes = b""
    status: int = 200
    headers: tuple = ()
    announced: int = None

    def head(self):
        """With an id, so that the same request has the same answer."""
        sent = {"X_Request_Id": "mixed"} | dict(self.headers)
        if "Transfer_Encoding" not in sent and self.method == "POST":
            sent["Content_Length"] = len(self.body) if self.announced is None else self.announced
        return request_head(self.method, self.target, **sent)

    def sent(self):
        return self.head() + self.body


def post(target, body, media_type, status=200, **headers):
    return Request("POST", target, body, status, (("Content_Type", media_type), *headers.items()))


def form(image, **fields):
    """multipart/form-data."""
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
             for name, value in fields.items()]
    parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; '
                 'filename="a.png"\r\nContent-Type: image/png\r\n\r\n')
    return "".join(parts).encode() + image + f"\r\n--{BOUNDARY}--\r\n".encode()


def in_chunks(body, size=4000):
    """A body in the chunked coding."""
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def text(document):
    return json.dumps(document).encode()


def images():
    png = pictures.png_of(pictures.photo(32, 24))
    large = pictures.png_of(pictures.photo(100, 90))
    alpha = pictures.png_of(pictures.face().resize((20, 20)).convert("RGBA"))
    palette = pictures.png_of(pictures.face().resize((20, 20)).quantize(16))
    jpeg = imagery.jpeg(pictures.photo(40, 30))
    progressive = imagery.jpeg(pictures.photo(40, 30), progressive=True, exif=turned())
    state = imagery.npy(np.linspace(-1, 1, 12 * 10 * 3, dtype=np.float32).reshape(12, 10, 3))
    asked = FRAMES + "?seed=7&steps=3&"
    return {
        "one frame": post(asked + "frames=2", png, "image/png"),
        "animation": post(asked + "format=png", png, "image/png"),
        "strip": post(asked + "layout=strip&channels=gray", png, "image/png"),
        "zip": post(asked + "format=zip&measures=terms", png, "image/png"),
        "multipart": post(asked + "format=multipart", png, "image/png"),
        "npy": post(asked + "format=npy&sampler=jump", png, "image/png"),
        "npz": post(asked + "content=x,noise,velocity&sampler=tree", png, "image/png"),
        "json": post(asked + "format=json", png, "image/png"),
        "json, gzip": post(asked + "format=json", png, "image/png", Accept_Encoding="gzip"),
        "alpha": post(asked + "frames=last", alpha, "image/png"),
        "palette": post(asked + "frames=last", palette, "image/png"),
        "jpeg": post(asked + "frames=last", jpeg, "image/jpeg"),
        "jpeg, progressive, turned": post(asked + "frames=last", progressive, "image/jpeg"),
        "npy in": post(asked + "frames=last", state, "application/x-npy"),
        "own betas": post(FRAMES + "?seed=7&betas=0.1,0.2,0.3&frames=last", png, "image/png"),
        "form": post(FRAMES, form(png, seed=7, steps=3, format="zip"),
                     f"multipart/form-data; boundary={BOUNDARY}"),
        "chunked": post(asked + "frames=last", in_chunks(png), "image/png",
                        Transfer_Encoding="chunked"),
        "many frames": post(FRAMES + "?seed=7&steps=50&format=zip", png, "image/png"),
        "a large array": post(FRAMES + "?seed=7&steps=50&format=npy", large, "image/png"),
        "in pieces": post(FRAMES + "?seed=7&steps=80&format=zip", large, "image/png"),
        "image histograms": post("/v1/images/histograms?seed=7&steps=3", png, "image/png"),
        "image plot": post("/v1/images/histograms?seed=7&steps=3&format=svg", png, "image/png"),
    }


def turned():
    """An EXIF segment that says: turn it by a quarter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def samples():
    asked = HISTOGRAMS + "?seed=7&steps=3&bins=8"
    few, many = text({"samples": [1, 2, 3.5]}), text({"samples": list(range(9000))})
    mixture = text({"mixture": LESSON | {"count": 500}})
    array = imagery.npy(np.arange(50, dtype=np.float64))
    json_type = "application/json"
    return {
        "few samples": post(asked, few, json_type),
        "few samples, gzip": post(asked, few, json_type, Accept_Encoding="gzip"),
        "many samples": post(asked, many, json_type),
        "many samples, gzip": post(asked, many, json_type, Accept_Encoding="gzip"),
        "mixture": post(asked, mixture, json_type),
        "npy samples": post(asked, array, "application/x-npy"),
        "plot": post(asked + "&format=svg", mixture, json_type),
        "plot, gzip": post(asked + "&format=svg&layout=grid", mixture, json_type,
                           Accept_Encoding="gzip"),
        "parameters in json": post(HISTOGRAMS, text({"samples": [1, 2], "seed": "7", "steps": 2,
                                                     "betas": [0.5, 0.25]}), json_type),
        "frames of samples": post(SAMPLES + "?seed=7&steps=3", few, json_type),
        "frames of samples, npz": post(SAMPLES + "?seed=7&steps=3&content=x,noise", array,
                                       "application/x-npy"),
    }


def documents():
    get = functools.partial(Request, "GET")
    return {
        "schedule": get("/v1/schedule?schedule=cosine&steps=30"),
        "schedule, gzip": get("/v1/schedule?steps=30", headers=(("Accept_Encoding", "gzip"),)),
        "service": get("/v1"),
        "page": get("/"),
        "contract": get("/openapi.yaml"),
        "contract, gzip": get("/openapi.yaml", headers=(("Accept_Encoding", "gzip"),)),
        "sample picture": get("/sample.png"),
        "health": get("/healthz"),
        "readiness": get("/readyz"),
        "head": Request("HEAD", "/v1/schedule?steps=5"),
        "head of a document": Request("HEAD", "/openapi.yaml"),
        "options": Request("OPTIONS", FRAMES, status=204, headers=(("Origin", "http://a.b"),)),
        "options of all": Request("OPTIONS", "*", status=204),
    }


def refused():
    png = pictures.png_of(pictures.photo(32, 24))
    return {
        "no such path": Request("GET", "/nothing?a=b", status=404),
        "no such method": Request("GET", FRAMES, status=405),
        "no such parameter": post(FRAMES + "?banana=1", png, "image/png", 400),
        "no sound target": Request("GET", "/v1?a=%zz", status=400),
        "no picture": post(FRAMES, b"hello, I am no picture", "image/png", 422),
        "half a picture": post(FRAMES, png[:len(png) // 2], "image/png", 422),
        "half a jpeg": post(FRAMES, imagery.jpeg(pictures.photo(40, 30))[:300], "image/jpeg", 422),
        "a picture too large": post(FRAMES, pictures.claiming(60000, 60000), "image/png", 422),
        "no such type": post(FRAMES, png, "text/plain", 415),
        "nothing acceptable": post(FRAMES, png, "image/png", 406, Accept="text/html"),
        "broken json": post(HISTOGRAMS, b'{"samples": [1, 2', "application/json", 400),
        "wrong json": post(HISTOGRAMS, b'{"samples": [1, "x"]}', "application/json", 400),
        "too large, announced": dataclasses.replace(
            post(FRAMES, b"", "image/png", 413), announced=MAX_BODY + 1),
        "too large, in chunks": post(FRAMES, in_chunks(bytes(MAX_BODY + 1)), "image/png", 413,
                                     Transfer_Encoding="chunked"),
        "two lengths": Request("POST", FRAMES, b"abc", 400, (("Transfer_Encoding", "chunked"),
                                                             ("Content_Length", "3"))),
    }


LONG = {"in pieces", "a large array"}
"""What takes as long as some dozens of the others: the answer leaves before all of it is made."""


@functools.cache
def kinds():
    """Name -> Request. All of them have the same answer every time."""
    return images() | samples() | documents() | refused()
