"""What the tests of images share: requests with bodies of every kind, and the answers read back."""

import email
import email.policy
import io
import urllib.parse

import numpy as np
from PIL import Image

import judge
import pictures
from checks import FRAMES, assert_ok

IMAGE_HISTOGRAMS = "/v1/images/histograms"


def npy(array):
    """An array as the bytes of a .npy file."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asanyarray(array), allow_pickle=True)
    return out.getvalue()


def jpeg(picture, **options):
    """An array or Pillow image as the bytes of a JPEG file."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def ask(client, body, path=FRAMES, headers=None, **parameters):
    """POSTs a body to be sniffed, with parameters in the query; no type unless headers say one."""
    return client.post(path, data=body, params=parameters, headers=headers or {})


def states(client, body, **parameters):
    """The states of an NPY answer, (frames, height, width, channels)."""
    response = ask(client, body, format="npy", **parameters)
    return array(assert_ok(response, "application/x-npy").content)


def array(data):
    """An NPY answer: float32, little-endian, C order, no byte too many."""
    file = io.BytesIO(data)
    read = np.lib.format.read_array(file)
    assert file.read() == b"", "bytes behind the array"
    assert read.dtype == np.dtype("<f4"), f"an array of {read.dtype}"
    assert read.flags.c_contiguous, "an array that is not in C order"
    return read


def arrays(data):
    """An NPZ answer as a dictionary in the members' order; every CRC is checked on the way."""
    return {name[:-len(".npy")]: array(member)
            for name, member in pictures.archive(data).items()}


def still(client, body, **parameters):
    """The one frame of a PNG answer as a Pillow image."""
    return pictures.open_png(assert_ok(ask(client, body, **parameters), "image/png").content)


def first_state(client, body, **parameters):
    """x_0 alone."""
    got = states(client, body, frames="0", **parameters)
    assert got.shape[0] == 1
    return got[0]


def first_levels(client, body, **parameters):
    """Frame 0 as it is painted."""
    return np.asarray(still(client, body, frames="0", **parameters))


def parts(response):
    """The parts of a multipart answer, read by Python's email package: a list of messages."""
    head = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + response.content, policy=email.policy.HTTP)
    assert message.is_multipart() and not message.defects, f"not sound: {message.defects}"
    for part in message.iter_parts():
        assert not part.defects, part.defects
    return list(message.iter_parts())


def part_bytes(part):
    return part.get_payload(decode=True)


def recipe(image):
    """The parameters that a picture tells, name -> text, and the text itself."""
    text = image.text["dissolved"]
    pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), f"a name comes twice: {text}"
    return dict(pairs), text


def assert_states(got, expected, tolerance=None):
    """Float32 states near the judge's, t -> array, frame by frame."""
    assert len(got) == len(expected), f"{len(got)} frames instead of {len(expected)}"
    for state, (t, wanted) in zip(got, expected.items()):
        assert state.shape == wanted.shape, f"x_{t} has shape {state.shape}, not {wanted.shape}"
        allowed = judge.state_tolerance(t) if tolerance is None else tolerance
        worst = np.abs(state.astype(np.float64) - wanted).max()
        assert worst <= allowed, f"x_{t} is {worst:g} off, more than {allowed:g}"


def assert_same_bits(got, expected, what):
    """Equal to the last bit, signs of zero included."""
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, not {expected.shape}"
    assert got.dtype == expected.dtype == np.float32
    different = got.view(np.uint32) != expected.view(np.uint32)
    assert not different.any(), f"{what}: {different.sum()} of {different.size} values differ"
