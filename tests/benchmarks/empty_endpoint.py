"""An endpoint with the service's request model that answers nothing: ``... empty_endpoint PORT``.

On the same server with the same settings as the service: what HTTP and validation cost alone.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

from trip_duration.serving.wire import PredictRequest

app = FastAPI()


@app.post("/v1/predict")
async def predict(request: PredictRequest) -> dict[str, float]:
    return {"duration_minutes": 0.0}


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"alive": True}


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
    )
