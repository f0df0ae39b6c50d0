"""Feeds the house's rules a small sound tree, and one with each wrong: every wrong must be found."""

import pathlib
import tempfile
import unittest

import files
import includes

SOUND = {
    "dev": "#!/bin/bash\n# Does everything.\n",
    "include/dissolve/status.h": "/* Results. */\n#pragma once\nenum dissolve_status { DISSOLVE_OK };\n",
    "include/dissolve/noise.h": "/* Noise. */\n#pragma once\n#include <dissolve/status.h>\n",
    "src/engine/kernel.h": "/* The kernel. */\n#pragma once\nint kernel(void);\n",
    "src/engine/kernel.c": '/* A kernel. */\n#include "kernel.h"\n#include <pthread.h>\n',
    "src/engine/kernel_template.h": "/* A template. */\nstatic int twice = 2 * KERNEL;\n",
    "src/codec/png.h": "/* PNG. */\n#pragma once\n#include <dissolve/status.h>\n",
    "src/codec/png_decode.cpp": '/* In. */\n#include "png.h"\n#include <lodepng.h>\n'
    'namespace {\nint helper() { return 1; }\n}\nextern "C" int codec_in() { return helper(); }\n',
    "src/codec/number.cpp": '/* Numbers. */\n#include <dragonbox/dragonbox.h>\n',
    "src/codec/gzip.c": '/* Out: no "#include <microhttpd.h>". */\n// #include <cJSON.h>\n#include <zlib.h>\n',
    "src/codec/jpeg_decode.c": "/* In. */\n#include <jpeglib.h>\n#include <jerror.h>\n#include <libexif/exif-data.h>\n",
    "src/api/api.h": "/* The api. */\n#pragma once\n#include <dissolve/noise.h>\n",
    "src/api/json.c": '/* JSON. */\n#include "../codec/png.h"\n#include "api/api.h"\n#include <cjson/cJSON.h>\n',
    "src/http/door.c": '/* The door. */\n#include "../api/api.h"\n#include <microhttpd.h>\n#include <poll.h>\n',
    "src/http/sandbox.c": '/* The list. */\n#include <seccomp.h>\n#include <sys/prctl.h>\n',
    "src/main.c": '/* Wiring. */\n#include "http/door.h"\n#include <signal.h>\n',
    "src/http/door.h": "/* The door. */\n#pragma once\n",
    "tests/unit/test_x.c": "/* A test. */\n#include <anything.h>\n",
}

# What is wrong: the file, its text (None: taken away), a word of the complaint expected.
WRONG_INCLUDES = {
    "codec looks up": ("src/codec/zip.c", '#include "../api/api.h"\n', "codec may not include api"),
    "codec knows the engine": ("src/codec/zip.c", "#include <dissolve/noise.h>\n", "codec may not"),
    "engine knows codec": ("src/engine/kernel.c", '#include "codec/png.h"\n', "engine may not"),
    "engine knows http": ("src/engine/kernel.c", "#include <microhttpd.h>\n", "http only"),
    "engine opens files": ("src/engine/kernel.c", "#include <fcntl.h>\n", "not among"),
    "api looks up": ("src/api/json.c", '#include "http/door.h"\n', "api may not include http"),
    "api looks into the engine": ("src/api/json.c", '#include "../engine/kernel.h"\n', "engine"),
    "http looks into the engine": ("src/http/x.c", '#include "engine/kernel.h"\n', "engine"),
    "public knows a room": ("include/dissolve/noise.h", '#include "engine/kernel.h"\n', "public may"),
    "public knows threads": ("include/dissolve/noise.h", "#include <pthread.h>\n", "not among"),
    "public in quotes": ("src/api/json.c", '#include "dissolve/noise.h"\n', "<dissolve/...>"),
    "two microhttpd": ("src/http/x.c", "#include <microhttpd.h>\n", "exactly one file"),
    "microhttpd in main": ("src/main.c", "#include <microhttpd.h>\n", "http only"),
    "microhttpd in a header": ("src/http/door.h", "#include <microhttpd.h>\n", "not to a header"),
    "two cJSON": ("src/api/x.c", "# include <cJSON.h>\n", "exactly one file"),
    "cJSON in http": ("src/http/x.c", "\t#\tinclude <cjson/cJSON.h>\n", "api only"),
    "two lodepng": ("src/codec/x.c", "#include <lodepng.h>\n", "exactly one file"),
    "no lodepng": ("src/codec/png_decode.cpp", None, "exactly one file"),
    "two dragonbox": ("src/codec/x.c", "#include <dragonbox/dragonbox.h>\n", "exactly one file"),
    "dragonbox in api": ("src/api/x.c", "#include <dragonbox/dragonbox.h>\n", "codec only"),
    "libdeflate in api": ("src/api/x.c", "#include <libdeflate.h>\n", "codec only"),
    "nettle in api": ("src/api/x.c", "#include <nettle/sha2.h>\n", "codec only"),
    "zlib in http": ("src/http/x.c", "#include <zlib.h>\n", "codec only"),
    "two jpeg": ("src/codec/x.c", "#include <jerror.h>\n", "exactly one file"),
    "two exif": ("src/codec/x.c", "#include <libexif/exif-tag.h>\n", "exactly one file"),
    "exif in api": ("src/api/x.c", "#include <libexif/exif-data.h>\n", "codec only"),
    "jpeg in api": ("src/api/x.c", "#include <jpeglib.h>\n", "codec only"),
    "an unknown library": ("src/http/x.c", "#include <curl/curl.h>\n", "not among"),
    "C++ in C": ("src/codec/zip.c", "#include <string>\n", "not among"),
    "C++ beyond its two": ("src/codec/png_decode.cpp", "#include <lodepng.h>\n#include <vector>\n", "vector"),
    "no such file": ("src/api/json.c", '#include "gone.h"\n', "no file of the project"),
    "a room too many": ("src/attic/x.c", "int x;\n", "no room"),
}

CPP = "src/codec/png_decode.cpp"
WRONG_FILES = {
    "no comment": ("src/main.c", "int x;\n", "does not open"),
    "no sentence": ("src/main.c", "/* main */\nint x;\n", "does not open"),
    "a script's": ("dev", "#!/bin/bash\nset -e\n", "does not open"),
    "a test's": ("tests/service/x.py", "import os\n", "does not open"),
    "too long": ("src/main.c", "/* Long. */\n" + "int x;\n" * 600, "601 lines"),
    "needs another header": ("src/api/api.h", "/* Api. */\nsize_t api_size(void);\n", "alone as c:"),
    "counts twice": ("src/api/api.h", "/* Api. */\nstruct api { int x; };\n", "alone as c:"),
    "not for C++": ("include/dissolve/noise.h", "/* N. */\nint noise(int class);\n", "alone as c++"),
    "a third C++": ("src/api/x.cpp", "/* C++. */\nint x;\n", "C++ is only for"),
    "a C++ name": (CPP, "/* In. */\nint codec_in() { return 1; }\n", "not extern"),
    "a class": (CPP, "/* In. */\nclass png {};\n", "(class)"),
    "a namespace": (CPP, "/* In. */\nnamespace png {}\n", "(namespace)"),
    "an exception": (CPP, '/* In. */\nextern "C" int f() { throw 1; }\n', "(throw)"),
    "broken C++": (CPP, "/* In. */\nint f(\n", "does not compile"),
}


class Tree(tempfile.TemporaryDirectory):
    """The sound tree in a folder, with one file changed."""

    def __init__(self, path=None, text=None):
        super().__init__()
        for name, content in {**SOUND, **({path: text} if path else {})}.items():
            if content is not None:
                place = pathlib.Path(self.name, name)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(content)


class Rules(unittest.TestCase):
    def wrong(self, check, table):
        for name, (path, text, expected) in table.items():
            with self.subTest(name), Tree(path, text) as root:
                complaints = check(root)
                self.assertTrue(any(expected in line for line in complaints), complaints)

    def test_sound(self):
        with Tree() as root:
            self.assertEqual(includes.check(root), [])
            self.assertEqual(files.check(root), [])

    def test_wrong_includes(self):
        self.wrong(includes.check, WRONG_INCLUDES)

    def test_wrong_files(self):
        self.wrong(files.check, WRONG_FILES)


if __name__ == "__main__":
    unittest.main()
