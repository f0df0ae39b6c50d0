"""What the tests of samples share: requests to the frames of samples, and their arrays."""

import io
import json

import numpy as np

from checks import assert_ok

SAMPLES = "/v1/samples/frames"
NPY, NPZ, RAW = "application/x-npy", "application/x-npz", "application/octet-stream"
LESSON = {"weights": [0.5, 0.3, 0.2], "means": [0, 5, -3], "stds": [1, 0.5, 1.5], "count": 1000}


def npy_of(array, **options):
    """An array as the bytes of a .npy file."""
    out = io.BytesIO()
    np.lib.format.write_array(out, array, allow_pickle=False, **options)
    return out.getvalue()


def array_of(data):
    """The array of a .npy file that has to hold nothing else, in float32 and little-endian."""
    file = io.BytesIO(data)
    array = np.load(file, allow_pickle=False)
    assert file.read() == b"", "bytes after the array"
    assert array.dtype == np.dtype("<f4"), f"the array's type is {array.dtype}, not <f4"
    assert not np.isfortran(array), "the array is in Fortran order"
    return array


def arrays_of(data):
    """The arrays of a .npz file by name."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def post(client, body, media_type=None, path=SAMPLES, headers=None, **parameters):
    """POSTs bytes of a media type, or an array as NPY, or anything else as JSON."""
    if isinstance(body, np.ndarray):
        body, media_type = npy_of(body), media_type or NPY
    elif not isinstance(body, bytes):
        body, media_type = json.dumps(body).encode(), media_type or "application/json"
    sent = {} if media_type is None else {"Content-Type": media_type}
    sent.update(headers or {})
    return client.post(path, data=body, params=parameters, headers=sent)


def states(client, body, media_type=None, **parameters):
    """The frames as an array (frames, samples)."""
    response = post(client, body, media_type, format="npy", **parameters)
    return array_of(assert_ok(response, NPY).content)


def read(response):
    """A JSON answer with every number as a float where it is one, and no member given twice."""
    def members(pairs):
        assert len(pairs) == len(dict(pairs)), f"a member comes twice: {[p[0] for p in pairs]}"
        return dict(pairs)
    assert_ok(response, "application/json")
    return json.loads(response.content, object_pairs_hook=members)


def document(client, body, media_type=None, **parameters):
    """The frames as the JSON document."""
    return read(post(client, body, media_type, **parameters))


def samples_of(response):
    """The samples of a JSON answer as float32, the sign of a zero included: t -> array."""
    assert_ok(response, "application/json")
    frames = json.loads(response.content, parse_int=float)["frames"]
    return {int(frame["t"]): np.array(frame["samples"], dtype=np.float32) for frame in frames}


def same_bytes(a, b):
    """Whether two arrays are the same bit for bit."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
