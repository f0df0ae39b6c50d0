"""Java's ZipInputStream, which reads an archive as a stream, reads ZIP and NPZ answers."""

import io
import pathlib
import subprocess
import zipfile
import zlib

import pytest

from checks import assert_ok
from test_archives import ANSWERS

PROGRAM = pathlib.Path(__file__).with_name("ReadZip.java")


@pytest.mark.parametrize("path, body, parameters", ANSWERS.values(), ids=ANSWERS)
def test_java_reads_the_archive_as_a_stream(client, path, body, parameters):
    data = assert_ok(client.post(path, params={"seed": 11, **parameters}, **body)).content
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        expected = [f"{entry.filename} {entry.file_size} {zlib.crc32(file.read(entry))}"
                    for entry in file.infolist()]
    done = subprocess.run(["java", PROGRAM], input=data, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines() == expected
