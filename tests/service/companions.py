"""What fits together in a request: which bodies an operation takes, what each parameter needs.

A test that tries the values of one parameter asks here for its company: the body and the other
parameters with which each value that the document allows has to be answered by a 200.
"""

import dataclasses
import io

import numpy as np
from PIL import Image

JSON, NPY, RAW, PNG, JPEG = ("application/json", "application/x-npy", "application/octet-stream",
                             "image/png", "image/jpeg")


# ---- Bodies ----


def saved(array):
    """An array as an NPY file."""
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def picture(kind):
    """A picture of 16 x 16, large enough for its frames to be compressed in different ways."""
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    out = io.BytesIO()
    Image.fromarray(np.stack([ramp, ramp.T, ramp[::-1]], axis=2)).save(out, kind)
    return out.getvalue()


IMAGES = {
    PNG: picture("PNG"),
    JPEG: picture("JPEG"),
    NPY: saved(np.float32([[[0.5, 0, -2]]])),
    RAW: picture("PNG"),
    "image/*": picture("JPEG"),
}
SAMPLES = {
    JSON: {"samples": [1, 2, 3]},
    NPY: saved(np.array([[1, 2, 3]])),
    RAW: np.array([1, 2, 3], "<f4").tobytes(),
}


def body_of(operation, media_type=None):
    """A body of this media type, or of the first that the document names."""
    bodies = SAMPLES if JSON in operation.bodies else IMAGES
    return bodies[media_type or next(iter(operation.bodies))]


# ---- Company: what a parameter needs ----


@dataclasses.dataclass(frozen=True)
class Company:
    """others: parameters that have to be there; a tuple stands for its first that is offered.
    without: parameters that may not be there. body: the media type that the body has to have,
    but for JSON documents, whose samples fit always."""
    others: dict = dataclasses.field(default_factory=dict)
    without: tuple = ()
    body: str = None


COMPANY = {
    "beta_start": Company({"schedule": "linear"}),
    "beta_end": Company({"schedule": "linear"}),
    "scale_betas": Company({"schedule": "linear"}),
    "max_beta": Company({"schedule": "cosine"}),
    "betas": Company(without=("steps",)),
    "start_step": Company({"steps": 10000, "frames": "last"}, body=NPY),
    "measures": Company({"format": "json"}),
    "compression": Company({"format": "png"}),
    "layout": Company({"format": ("svg", "png")}),
    "delay": Company({"format": ("svg", "png")}),
}
"""Parameters that are not here go with anything that stands in THRIFT, and with nothing else."""

THRIFT = {"seed": "1", "steps": 20, "frames": "last"}
"""What keeps an answer small and the same; with 10000 steps where the value is a step's number."""


def company(operation, name, value=None, thrifty=True):
    """The other parameters of a request that tries this one, an alias or not."""
    own = operation.canonical(name)
    kept = COMPANY.get(own, Company())
    others = dict(THRIFT) if thrifty else {"seed": THRIFT["seed"]}
    if "10000" in str(value) and "steps" in others:
        others["steps"] = 10000
    others.update({other: fitting if isinstance(fitting, (str, int)) else
                   next(word for word in fitting if word in operation.words(other))
                   for other, fitting in kept.others.items()})
    known = operation.names() - {own, *kept.without}
    return {other: fitting for other, fitting in others.items() if other in known}


def company_body(operation, name):
    """The media type of the body of such a request, None for any."""
    return COMPANY.get(operation.canonical(name), Company()).body


# ---- Discord: what does not fit, by the document's words ----

DISCORDS = [
    ("beta", {"beta": 0.1, "schedule": "linear"}, None),
    ("beta", {"beta": 0.1, "betas": [0.1]}, None),
    ("schedule", {"schedule": "constant", "betas": [0.1]}, None),
    ("schedule", {"schedule": "linear", "beta_end": 2}, None),
    ("schedule", {"schedule": "sigmoid", "beta_start": -1}, None),
    ("scale_betas", {"scale_betas": True}, None),
    ("scale_betas", {"scale_betas": True, "schedule": "constant", "steps": 0}, None),
    ("scale_betas", {"scale_betas": True, "schedule": "cosine"}, None),
    ("scale_betas", {"scale_betas": True, "betas": [0.1]}, None),
    ("steps", {"steps": 3, "betas": [0.1]}, None),
    ("betas", {"betas": [0.1, 1.5]}, None),
    ("rescale_zero_snr", {"rescale_zero_snr": True, "steps": 1}, None),
    ("rescale_zero_snr", {"rescale_zero_snr": True, "beta": 1}, None),
    ("start_step", {"start_step": 3, "steps": 2}, NPY),
    ("start_step", {"start_step": 1, "sampler": "tree"}, NPY),
    ("start_step", {"start_step": 1, "content": ["noise"]}, NPY),
    ("start_step", {"start_step": 1}, PNG),
    ("frames", {"frames": "0", "start_step": 1}, NPY),
    ("frames", {"frames": "5", "steps": 4}, None),
    ("measures", {"measures": "terms", "sampler": "jump", "format": "json"}, None),
    ("measures", {"measures": "terms", "format": "png"}, None),
    ("measures", {"measures": "terms", "format": "npy"}, None),
    ("measures", {"measures": "terms", "format": "svg"}, None),
    ("layout", {"layout": "strip", "format": "json"}, None),
    ("layout", {"layout": "grid", "format": "zip"}, None),
    ("content", {"content": ["noise"], "format": "json"}, None),
    ("content", {"content": ["x", "velocity"], "format": "png"}, None),
    ("range", {"range": "1,-1"}, None),
]
"""(the parameter to blame, a query, the body's media type): each alone is fine, together a 400."""


def discords(operation):
    """Those whose parameters, words and body the operation has."""
    for blamed, query, body in DISCORDS:
        if set(query) <= operation.names() and (body is None or body in operation.bodies) and (
                query.get("format") in (None, *operation.words("format"))):
            yield blamed, query, body
