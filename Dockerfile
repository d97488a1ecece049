# The worker on Python's slim image. Only the second stage is shipped: it has the virtual
# environment and our files, owned by root, and a user who can write nowhere.

FROM python:3.13-slim AS build

# Written on the image as a label; the build stops where worker.__version__ is another.
ARG VERSION=0.1.0

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1

# Dependencies before our code: a change of the code reuses this layer. Only wheels, so no
# compiler is needed. The environment gets no pip: nothing installs into a running container.
COPY requirements.txt /build/
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install \
      --require-hashes --no-deps --only-binary=:all: --no-compile -r /build/requirements.txt

WORKDIR /app
COPY LICENSE alembic.ini ./
COPY alembic/ alembic/
COPY worker/ worker/
COPY contract/ contract/
COPY deploy/container/healthcheck.py ./
COPY --chmod=755 deploy/container/inventory-worker /opt/venv/bin/

# The root file system may be read-only, so what Python would cache at the first start is made
# here; "unchecked" because nobody edits the sources of an image.
RUN test "$(/opt/venv/bin/python -c 'import worker; print(worker.__version__)')" = "$VERSION" \
 && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib /app


FROM python:3.13-slim

ARG VERSION=0.1.0
ARG REVISION=unknown

LABEL org.opencontainers.image.title="inventory-worker" \
      org.opencontainers.image.description="Takes car inventory events from RabbitMQ into PostgreSQL." \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT"

# A number, not a name: Kubernetes can see that it is not root, and files are shared by number.
RUN groupadd --gid 10001 worker \
 && useradd --no-log-init --uid 10001 --gid 10001 --no-create-home --home-dir /app \
      --shell /usr/sbin/nologin worker

COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

WORKDIR /app
USER 10001:10001
EXPOSE 8080

# The exec form: SIGTERM reaches the worker itself, and no shell swallows it.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-I", "-S", "/app/healthcheck.py"]
ENTRYPOINT ["python", "-m", "worker"]
CMD ["run"]
