"""One array of samples, dissolved by many machines: the bytes are those of one request to one of them.

python3 many_machines.py samples.npy states.npy 'steps=1000&schedule=linear&frames=last&seed=42' \
    http://10.0.0.1:8080 http://10.0.0.2:8080 http://10.0.0.3:8080
"""

import concurrent.futures
import io
import sys
import urllib.parse

import numpy
import requests

PIECE = 1 << 20  # samples: 4 MB there, and 4 MB back for each frame
ATTEMPTS = 3  # for each piece, each at another machine


def ask(url, parameters, samples, offset):
    answer = requests.post(f"{url}/v1/samples/frames", data=samples.tobytes(), timeout=300,
                           headers={"Content-Type": "application/octet-stream"},
                           params={**parameters, "offset": offset, "format": "npy"})
    answer.raise_for_status()
    return numpy.load(io.BytesIO(answer.content))


def dissolve(samples, urls, parameters, piece=PIECE):
    """The states, of shape (frames, samples). Parameters: as in the query, with a seed."""
    samples = numpy.asarray(samples, dtype="<f4").ravel()

    def work(index):
        for attempt in range(ATTEMPTS):
            try:
                part = samples[index * piece:(index + 1) * piece]
                return ask(urls[(index + attempt) % len(urls)], parameters, part, index * piece)
            except requests.RequestException:
                if attempt == ATTEMPTS - 1:
                    raise

    with concurrent.futures.ThreadPoolExecutor(2 * len(urls)) as pool:
        return numpy.concatenate(list(pool.map(work, range(-(-samples.size // piece)))), axis=1)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)
    source, target, query, *machines = sys.argv[1:]
    numpy.save(target, dissolve(numpy.load(source), machines, dict(urllib.parse.parse_qsl(query))))
