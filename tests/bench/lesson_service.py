"""The mixture example as a service in FastAPI and PyTorch, a peer: histograms only, no exact density."""

import socket

import fastapi
import numpy
import torch
import uvicorn

import lesson

app = fastapi.FastAPI()


def described(t, histogram):
    counts, edges = histogram
    density = counts / (counts.sum() * numpy.diff(edges))
    return {"t": t, "edges": edges.tolist(), "counts": counts.tolist(), "density": density.tolist()}


@app.post("/v1/samples/histograms")
def histograms(body: dict = fastapi.Body()):
    asked = body["mixture"]
    weights, means, stds = ([float(x) for x in asked[name]] for name in ("weights", "means", "stds"))
    made = lesson.mixture(
        weights, means, stds, asked["count"], body["steps"], body["beta"], body["bins"]
    )
    return {"frames": [described(t, histogram) for t, histogram in enumerate(made)]}


if __name__ == "__main__":
    torch.set_num_threads(1)  # the requests are what runs side by side
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
