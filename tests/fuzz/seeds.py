"""Writes the corpora that fuzzing begins with: seeds.py FOLDER makes FOLDER/TARGET/seed-*."""

import io
import json
import pathlib
import struct
import sys
import zlib

import numpy
from PIL import Image

EXIF_TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"


def picture(width, height, mode="RGB"):
    """A gradient with some noise in it."""
    generator = numpy.random.default_rng(width * 1000 + height)
    channels = len(Image.new(mode, (1, 1)).getbands())
    ramp = numpy.arange(width * height * channels).reshape(height, width, channels)
    values = (ramp + generator.integers(0, 32, ramp.shape)) % 256
    array = values.astype(numpy.uint8)
    return Image.fromarray(array[:, :, 0] if channels == 1 else array, mode)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


END = chunk(b"IEND", b"")


def png(width, height, depth, colour, interlaced=0, level=0, before=b"", more=b"", behind=b"",
        end=END):
    """Any colour type, depth and interlacing: rows of rising bytes, by filters 0 to 4 in turn.

    More of them, bytes behind the zlib stream, and what follows the image data may be given.
    """
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                  (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0:
            size = (columns * channels * depth + 7) // 8
            for row in range(max(rows, 0)):
                raw += bytes([row % 5]) + bytes((row * 7 + i) % 251 for i in range(size))
    if colour == 3:
        before += chunk(b"PLTE", bytes(range(3 * 2**min(depth, 4))))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
            + chunk(b"IDAT", zlib.compress(raw + more, level) + behind) + end)


def unusual_jpegs():
    """Four channels as CMYK, YCCK and without a marker; no end marker, and what cameras append."""
    cmyk = saved(picture(17, 9, "CMYK"), "JPEG", quality=40, subsampling=2)
    adobe = cmyk.index(b"\xff\xee\0\x0eAdobe")
    progressive = saved(picture(9, 16, "CMYK"), "JPEG", quality=40, progressive=True)
    transform = progressive.index(b"Adobe") + 11
    yield cmyk
    yield cmyk[:adobe] + cmyk[adobe + 16:]
    yield progressive[:transform] + b"\2" + progressive[transform + 1:]
    for whole in (saved(picture(17, 9), "JPEG", quality=40),
                  saved(picture(9, 9, "L"), "JPEG", quality=40, progressive=True)):
        yield whole[:-2]
        yield whole[:-2] + b"\0\0\x0a\0\x17SEFH" + bytes(8)
        yield whole[:-2] + b"\xff\xc4\0\x13\xff\xda\xff\xd8"


def images():
    yield png(5, 4, 8, 2)
    yield png(9, 7, 16, 2, interlaced=1)
    yield png(9, 5, 1, 0, before=chunk(b"tRNS", b"\0\1"))
    yield png(6, 5, 4, 3, before=chunk(b"gAMA", b"\0\0\xb1\x8f"))
    yield png(6, 5, 2, 3, interlaced=1)
    yield png(3, 3, 16, 4, level=9)
    yield png(4, 3, 8, 6, before=chunk(b"iCCP", b"x\0\0" + zlib.compress(b"profile")))
    yield png(8, 8, 16, 0, level=1)
    yield png(5, 4, 8, 2, before=chunk(b"sRGB", b"") + chunk(b"PLTE", b"") + chunk(b"tIME", b"\0"))
    yield png(5, 4, 8, 0, behind=bytes(9), end=chunk(b"IDAT", b"\0") + chunk(b"tEXt", b"") + END)
    yield png(3, 3, 8, 2, level=9, more=bytes(5000), end=b"")
    yield png(3, 3, 8, 6, end=END[:5] + b"\1" + END[6:] + b"trailer")
    yield png(3, 3, 8, 0)[:-14]
    yield png(2, 2, 8, 0, before=chunk(b"CgBI", bytes(4)))
    yield saved(picture(12, 10), "PNG")
    yield saved(picture(17, 11), "JPEG", quality=60)
    yield saved(picture(17, 11), "JPEG", quality=30, progressive=True)
    yield saved(picture(16, 16, "L"), "JPEG", quality=50, optimize=True)
    yield saved(picture(9, 16), "JPEG", quality=40, subsampling=0, exif=EXIF_TURNED)
    yield saved(picture(9, 16), "JPEG", quality=40, subsampling=2, restart_marker_blocks=1)
    yield from unusual_jpegs()
    yield saved(picture(65, 65, "L"), "PNG")  # beyond the limit
    yield b"GIF89a"


def npy(array, **options):
    out = io.BytesIO()
    numpy.lib.format.write_array(out, array, **options)
    return out.getvalue()


def arrays():
    for kind in ("u1", "<i2", ">u4", "<i8", "<f2", ">f4", "<f8"):
        yield npy(numpy.arange(6).astype(kind))
    yield npy(numpy.asfortranarray(numpy.arange(24, dtype="<i4").reshape(2, 3, 4)))
    yield npy(numpy.asfortranarray(numpy.arange(10, dtype=">f8").reshape(5, 2)), version=(2, 0))
    yield npy(numpy.float32(3), version=(3, 0))
    yield npy(numpy.zeros((3, 0, 2), "<u2"))
    yield npy(numpy.zeros(2, "?"))
    yield npy(numpy.zeros(2, [("a", "<i4"), ("b", "<f4", (2,))]))
    yield npy(numpy.array([numpy.nan, -numpy.inf, 1e300, -0.0]))


MIXTURE = {"weights": [2, 1], "means": [-2, 3], "stds": [1, 0.5], "count": 33}


def bodies():
    yield {"samples": [0.5, -1, 2.25, 1e-3, -7], "seed": "5"}
    yield {"mixture": MIXTURE, "seed": 5, "steps": 3}
    yield {"mixture": dict(MIXTURE, stds=[0, 1]), "bins": 7, "range": [-6, 6]}
    yield {"samples": [1], "betas": [0.1, 0.2, 0.3], "frames": "0,1-3/2", "offset": "12"}
    yield {"samples": [1, 2], "schedule": "cosine", "rescale_zero_snr": True, "sampler": "jump"}
    yield {"samples": [3e38], "start_step": 1, "format": "npy", "content": "x"}
    yield {"samples": [1], "trained_betas": [1], "measures": "terms", "frames": [0, 1]}
    yield {"samples": [1], "beta_schedule": "scaled_linear", "beta_start": 0.1, "beta_end": 0.2}


def json_texts():
    for body in bodies():
        yield json.dumps(body).encode()
    yield b'{"s\\u0061mples":[1e5, -0.0 ,2E-3]}'
    yield b'{"a":{"b":[true,false,null,"\\ud83d\\ude00\xc3\xa9"]},"samples":[1]}'
    yield b'{"mixture":{"weights":[1,0],"means":[0,1],"stds":[1,1]},"\\"~/":1}'
    yield b'{"samples":[1e39]}'


FORM = b"multipart/form-data; boundary="


def part(name, data, more=b"", head=b'form-data; name="%s"'):
    return b"\r\nContent-Disposition: " + head % name + more + b"\r\n\r\n" + data + b"\r\n"


def form(boundary, *parts):
    return b"".join(b"--" + boundary + one for one in parts) + b"--" + boundary + b"--\r\n"


def picture_form():
    file = part(b"image", png(3, 2, 8, 0), b'; filename="a.png"\r\nContent-Type: image/png')
    return form(b"x", file, part(b"steps", b"2"))


def forms():
    yield FORM + b"x\n" + picture_form()
    yield FORM + b'"a b"; charset=utf-8\n' + form(b"a b", part(b"n", b"v"), part(b"m", b"\r\n--a"))
    yield FORM + b"x\npreamble\r\n" + form(b"x", part(b"a%22b", b"", b'; filename="\\"c\\\\"'))
    yield FORM + b"x\n" + form(b"x", part(b"t", b"1", head=b"form-data;name=%s"))
    yield FORM + b"x\n" + form(b"x", part(b"t", b"1", b"\r\nContent-Transfer-Encoding: 8bit"))
    for name in (b'filename=""', b"filename=", b'filename="a\\"', b'filename="\x01\n\xff"',
                 b"filename*=UTF-8''a; filename=b", b'filename="' + b"n" * 300 + b'"'):
        yield FORM + b"x\n" + form(b"x", part(b"image", b"1", b"; " + name))
        yield FORM + b"x\n" + form(b"x", part(b"n", b"1", head=b"form-data; " + name + b"; name=%s"))
    yield FORM + b"x\n--x--"
    yield FORM + b"x\n" + form(b"x", b"\r\n\r\nno name\r\n")
    yield FORM + b"x\n" + form(b"x", *[part(b"f", b"") for _ in range(65)])
    yield FORM + b"\n"


QUERIES = [
    "steps=3&beta=0.25&seed=7&frames=0,2-3&channels=gray&compression=best&layout=grid",
    "schedule=linear&beta_start=1e-4&beta_end=0.02&num_train_timesteps=10&rescale_zero_snr=true",
    "schedule=sigmoid&steps=7&scale_betas=true&rescale_betas_zero_snr=false",
    "schedule=sigmoid&parameterization=std&sampler=tree&format=json&measures=terms",
    "betas=0.1,0.2,0.3&start_step=1&frames=last&format=npy",
    "bins=9&range=-1,1.5&delay=50&layout=strip&format=svg&steps=2",
    "content=x,noise,velocity&offset=4611686018427387904&seed=18446744073709551615",
    "beta_schedule=cosine&max_beta=0.5&steps=20&trained_betas=0.5",
    "%73teps=%33&a+b=%c3%a9&=&x&&beta=1",
]


def targets():
    for i, query in enumerate(QUERIES):
        yield f"/v1/schedule?{query}".encode() if i else f"http://h:1?{query}".encode()
    yield b"*"
    yield b"/%41%zz?x=%00"
    yield b"/v1?%ff=%e2%82"
    yield b"/?" + "é".encode() * 80 + b"=1"


def expressions():
    cases = [("0,5,10-100/10", 0, 200), ("all", 3, 9), ("last", 0, 10000), ("3-7,5,2-9/3", 1, 20),
             ("0-10000/7,1", 0, 10000), ("0-4/0", 0, 4), ("5-2", 0, 9), ("1,,2", 0, 9), ("", 0, 0),
             ("0-10/4294967295", 0, 10), ("18446744073709551617", 0, 9), ("2-3", 4, 9)]
    for text, first, steps in cases:
        yield struct.pack("<HH", first, steps) + text.encode()


def pictures_out():
    """As fuzz_png.c cuts them up: width and height less 1, flags, size, delay,
    keyword, text, paint."""
    for i, way in enumerate([0, 1, 2, 3, 4, 2]):
        for flags in (0b00000, 0b01011, 0b110101, 0b10001):
            sides = (3, 2) if flags & 16 else [(199, 99), (30, 40), (0, 0), (699, 0), (5, 300)][i % 5]
            yield (struct.pack("<HHBBH", *sides, flags, 10 - 2 * i, 100) + b"key\ntext\n"
                   + bytes([way]) + bytes((j * j) % 256 for j in range(3 + 11 * i)))


FRAMES, BINS = "/v1/images/frames?seed=7&steps=3&", "/v1/images/histograms?seed=7&steps=3&bins=7&"
SAMPLES, SAMPLE_BINS = "/v1/samples/frames?seed=7&", "/v1/samples/histograms?bins=9&"
LONG = 300  # steps

# Target, Accept and body: each form of answer, sampler, kind of schedule and content.
ASKED = [
    (FRAMES + "frames=0,2-3&channels=gray&compression=best", "image/apng", "png"),
    (FRAMES + "layout=grid&sampler=tree&compression=none", "", "form"),
    (FRAMES + "layout=strip&schedule=cosine&max_beta=0.5&sampler=jump", "", "jpeg"),
    (FRAMES + "measures=terms&schedule=sigmoid", "application/zip", "png"),
    (FRAMES + "schedule=linear&beta_start=1e-4&beta_end=0.02", "multipart/mixed", "deep"),
    (FRAMES + "format=json&rescale_zero_snr=true&parameterization=std", "*/*;q=0.1", "png"),
    (FRAMES + "format=npz&content=x,noise,velocity", "", "png"),
    (FRAMES + "format=npy&start_step=1", "", "state"),
    (f"/v1/images/frames?steps={LONG}&sampler=tree&format=json&beta=1e-4", "", "point"),
    (f"/v1/images/frames?steps={LONG}&frames=0-{LONG}/3", "multipart/mixed", "point"),
    (BINS + "measures=terms&range=-1,1.5", "", "png"),
    (BINS + "channels=gray&layout=grid&delay=50", "image/svg+xml", "deep"),
    (BINS + "format=svg&layout=strip", "", "state"),
    (SAMPLES + "betas=0.1,0.2,1&offset=4611686018427387904", "", "raw"),
    (SAMPLES + "content=velocity,noise&sampler=jump", "application/x-npz", "array"),
    (SAMPLES + "schedule=scaled_linear&format=npy&steps=5", "", "array"),
    (SAMPLES + f"steps={LONG}&sampler=tree&frames=last", "", "raw"),
    (SAMPLE_BINS + "measures=terms", "", "raw"),
    (SAMPLE_BINS + "layout=strip", "image/svg+xml", "raw"),
]


def request_bodies():
    return {
        "png": (b"image/png", png(4, 3, 8, 2)),
        "deep": (b"", png(3, 2, 16, 2)),
        "jpeg": (b"image/jpeg", saved(picture(9, 5), "JPEG", quality=30)),
        "form": (FORM + b"x", picture_form()),
        "state": (b"application/x-npy", npy(numpy.zeros((2, 3, 3), "f4"))),
        "point": (b"application/x-npy", npy(numpy.zeros((1, 1), "u1"))),
        "raw": (b"", struct.pack("<3f", 1, -0.5, 2)),
        "array": (b"application/octet-stream", npy(numpy.arange(6))),
    }


def requests():
    """As fuzz_request.c cuts them up: lines, then the body."""
    kinds = request_bodies()
    for i, (target, accept, kind) in enumerate(ASKED):
        content_type, body = kinds[kind]
        coding = b"gzip" if i % 3 == 0 else b""
        lines = [b"POST " + target.encode(), content_type, accept.encode(), coding, body]
        yield b"\n".join(lines)
    for i, body in enumerate(bodies()):
        path = "histograms" if i % 2 else "frames"
        yield f"POST /v1/samples/{path}\napplication/json\n\n\n{json.dumps(body)}".encode()
    mixture = json.dumps({"mixture": dict(MIXTURE, weights=[1, 0]), "steps": 2, "seed": 1})
    for accept in ("", "image/svg+xml"):
        yield f"POST /v1/samples/histograms\napplication/json\n{accept}\n\n{mixture}".encode()
    for path in ("/v1/schedule?steps=9", "/v1", "/", "/sample.png", "/openapi.yaml", "/readyz?x=1"):
        yield f"GET {path}\n\n\ngzip\n".encode()


# ---- connections, as fuzz_connection.c cuts them up: flags, three sizes of pieces, what is sent ----

CLOSES, IS_SLOW, GUARDED, ADMIN, STAYS, DRAINS, STOPS, CANCELS = (1 << bit for bit in range(8))
KEY = b"Authorization: Bearer a-key-of-ours"
SAMPLES_TARGET = b"/v1/samples/histograms?steps=2&seed=1"
FEW = b'{"samples":[1]}'


def sent(*requests, flags=0, sizes=(0, 0, 0)):
    return bytes([flags, *sizes]) + b"".join(requests)


def head(line, *fields, host=b"Host: a", end=b"\r\n"):
    """A request without a body; its version is 1.1 unless the line names one."""
    line = line if b" HTTP/" in line else line + b" HTTP/1.1"
    return end.join([line, *([host] if host else []), *fields, b"", b""])


def post(target, body, *fields, version=b"1.1", kind=b"application/json"):
    return head(b"POST " + target + b" HTTP/" + version, b"Content-Type: " + kind,
                b"Content-Length: %d" % len(body), *fields) + body


def chunked(target, body, *fields, size=5, extension=b"", trailer=b""):
    parts = [body[at:at + size] for at in range(0, len(body), size)]
    coded = b"".join(b"%x%s\r\n%s\r\n" % (len(one), extension, one) for one in parts)
    return (head(b"POST " + target, b"Content-Type: application/json", b"Transfer-Encoding: chunked",
                 *fields) + coded + b"0\r\n" + trailer + b"\r\n")


def connections_of_documents():
    paths = (b"/", b"/v1", b"/v1/schedule?steps=4", b"/sample.png", b"/openapi.yaml", b"/healthz",
             b"/readyz", b"/metrics", b"/nothing", b"/v1/images/frames", b"/%2e", b"*")
    for i, path in enumerate(paths):
        yield sent(head(b"GET " + path), head(b"HEAD " + path), head(b"OPTIONS " + path),
                   flags=IS_SLOW * (i % 2))
        yield sent(head(b"GET " + path, KEY), head(b"GET " + path + b" HTTP/1.0", host=b""),
                   flags=GUARDED | ADMIN * (i % 2))
    yield sent(head(b"GET /openapi.yaml", b"Accept-Encoding: gzip", b"If-None-Match: *"))
    yield sent(head(b"GET /v1", b"Origin: https://a.example", b"Connection: close"), flags=GUARDED)
    yield sent(head(b"OPTIONS /v1", b"Origin: https://a.example",
                    b"Access-Control-Request-Method: GET"), flags=GUARDED)
    yield sent(head(b"GET http://a/v1 HTTP/1.0", b"Connection: keep-alive"), head(b"GET /v1"))


def connections_of_work():
    kinds = request_bodies()
    for i, (target, accept, kind) in enumerate(ASKED):
        content_type, body = kinds[kind]
        fields = [b"Accept: " + accept.encode()] if accept else []
        request = post(target.encode(), body, *fields, kind=content_type or b"image/png",
                       version=b"1.0" if i % 4 == 3 else b"1.1")
        yield sent(request, flags=(0, IS_SLOW, STAYS, CLOSES)[i % 4], sizes=((0, 0, 0), (7, 200, 3))[i % 2])
    few = post(SAMPLES_TARGET, FEW, b"X-Request-Id: one")
    yield sent(few, few, few, flags=STAYS, sizes=(100, 1, 77))
    yield sent(few, head(b"GET /v1"), chunked(SAMPLES_TARGET, FEW), few)
    yield sent(post(SAMPLES_TARGET, FEW, KEY, b"X-Forwarded-For: 10.1.2.3, [::1]:8, unknown"),
               flags=GUARDED)
    for client in (b"192.0.2.7", b"2001:db8::1, 10.0.0.9", b"192.0.2.7:80"):
        one = post(SAMPLES_TARGET, FEW, KEY, b"X-Forwarded-For: " + client)
        yield sent(one, one, flags=GUARDED | STAYS)
    yield sent(post(SAMPLES_TARGET, FEW, b"Authorization: Basic eDp5"), flags=GUARDED)
    yield sent(post(SAMPLES_TARGET, FEW + b" " * 600, KEY), flags=GUARDED, sizes=(200, 100, 50))
    yield sent(chunked(SAMPLES_TARGET, FEW + b" " * 600, KEY, size=60), flags=GUARDED)


def connections_of_bodies():
    expect = b"Expect: 100-continue"
    yield sent(post(SAMPLES_TARGET, FEW, expect), sizes=(150, 1, 0))
    yield sent(chunked(SAMPLES_TARGET, FEW, expect), sizes=(150, 1, 3), flags=STAYS)
    yield sent(post(b"/nothing", FEW, expect), sizes=(150, 1, 0))
    yield sent(post(SAMPLES_TARGET, FEW, b"Expect: more"))
    yield sent(chunked(SAMPLES_TARGET, FEW, extension=b";a=b", trailer=b"Next: 1\r\n"), head(b"GET /v1"))
    yield sent(chunked(SAMPLES_TARGET, FEW, b"Content-Length: 15"))
    yield sent(chunked(SAMPLES_TARGET, FEW, b"Content-Encoding: gzip"))
    yield sent(post(SAMPLES_TARGET, FEW)[:-4])
    yield sent(chunked(SAMPLES_TARGET, FEW)[:-4], flags=CLOSES)
    yield sent(head(b"POST " + SAMPLES_TARGET, b"Content-Length: 99999999"), b"x" * 3000, flags=STAYS)
    yield sent(head(b"POST " + SAMPLES_TARGET, b"Content-Length: 4", b"Content-Length: 5"), b"abcde")
    yield sent(head(b"POST " + SAMPLES_TARGET, b"Transfer-Encoding: gzip, chunked"), b"0\r\n\r\n")
    yield sent(head(b"POST " + SAMPLES_TARGET, b"Content-Length: 0x4"), b"abcd")
    yield sent(head(b"POST " + SAMPLES_TARGET, b"Transfer-Encoding: chunked"), b"zz\r\nabc\r\n")
    yield sent(head(b"GET /v1", b"Content-Length: 3"), b"abc", head(b"GET /v1"))


def connections_of_broken_heads():
    yield sent(b"\r\n\r\n", head(b"GET /v1"), sizes=(1, 1, 1))
    yield sent(head(b"GET /v1", b"A: b", end=b"\n"), head(b"GET /v1"))
    yield sent(head(b"GET /v1", b"A: b\n C: d"))
    yield sent(head(b"GET /v1", b"A: b", b"\tfolded", b"B:c"))
    for line in (b"GET /v1\0?x=y", b"GET  /v1", b"G\x7fT /v1", b"GET /v1?a=%zz", b"GET /v1 HTTP/2.0",
                 b"GET /v1 HTTP/1.2", b"GET / HTTP/1.1 x", b"CONNECT a:1", b"TRACE /v1", b"BREW /v1"):
        yield sent(head(line), head(b"GET /healthz"))
    for field in (b"A\0: b", b": b", b"A : b", b"A", b"Host: b", b"Cookie: a=b; c=\"d\"",
                  b"X-Request-Id: \"\\\xff", b"Connection: upgrade, close", b"Upgrade: h2c"):
        yield sent(head(b"GET /v1", field), head(b"GET /healthz"))
    yield sent(head(b"GET /v1", host=b""))
    yield sent(head(b"GET /v1", host=b"Host: a b"))
    yield sent(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03")
    yield sent(b"GET /v1?" + b"a=b&" * 1900)
    yield sent(head(b"GET /v1?" + b"a=b&" * 300))
    yield sent(head(b"GET /v1", *[b"A%d: b" % i for i in range(400)]))
    yield sent(head(b"GET /v1", b"A: " + b"b" * 7000), flags=GUARDED)
    yield sent(b"GET /v1 HTTP/1.1\r\nHost", flags=CLOSES)
    yield sent(b"")


def connections_of_drains():
    few = post(SAMPLES_TARGET, FEW, KEY)
    long = post(f"/v1/samples/frames?steps={LONG}&frames=all&format=json".encode(), FEW, KEY)
    for flags in (0, STOPS, CANCELS, STOPS | CANCELS | CLOSES, GUARDED | STAYS):
        yield sent(few, long, few, flags=DRAINS | flags)
        yield sent(few[:-3], flags=DRAINS | flags, sizes=(90, 90, 1))


def connections():
    yield from connections_of_documents()
    yield from connections_of_work()
    yield from connections_of_bodies()
    yield from connections_of_broken_heads()
    yield from connections_of_drains()


CORPORA = {
    "image": images,
    "npy": arrays,
    "json": json_texts,
    "multipart": forms,
    "query": targets,
    "frames": expressions,
    "png": pictures_out,
    "request": requests,
    "connection": connections,
}


def main():
    for target, seeds in CORPORA.items():
        folder = pathlib.Path(sys.argv[1], target)
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (folder / f"seed-{number:02}").write_bytes(seed)


if __name__ == "__main__":
    main()
