# One image for every part: `serve` (API and dashboard), `work`, `migrate`, or `up` for all in one with its own Postgres.
#   docker build -t earshot .
#   docker run --rm -p 8000:8000 -v earshot:/var/lib/earshot earshot up --demo
# compose.yaml runs the parts against a Postgres of their own.

FROM debian:bookworm-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/earshot
WORKDIR /build
# The locked packages come before our own code: they change less often, and a layer is kept until they do.
COPY requirements/run.txt requirements/
RUN /opt/earshot/bin/pip install --only-binary :all: --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY alerts alerts
COPY analysis analysis
COPY collectors collectors
COPY service service
# Nothing in the image installs packages, so nothing in it can.
RUN /opt/earshot/bin/pip install --no-deps --no-build-isolation . \
    && /opt/earshot/bin/pip uninstall --yes setuptools pip

FROM debian:bookworm-slim AS run
LABEL org.opencontainers.image.title="Earshot" \
      org.opencontainers.image.description="Self-hosted word-of-mouth and review monitoring" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 earshot \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/earshot --shell /usr/sbin/nologin earshot \
    && install --directory --owner=earshot --group=earshot --mode=0750 /var/lib/earshot
COPY --from=build /opt/earshot /opt/earshot
ENV PATH=/opt/earshot/bin:$PATH \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EARSHOT_HOST=0.0.0.0 \
    EARSHOT_DATA_DIR=/var/lib/earshot
WORKDIR /var/lib/earshot
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Of `serve` and `up`; a container that works overrides it, as compose.yaml shows.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["earshot", "health"]
ENTRYPOINT ["earshot"]
CMD ["serve"]
