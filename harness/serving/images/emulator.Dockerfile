# The SageMaker emulator with the process runtime, for docker-compose.yml. Endpoints run inside this container.
ARG BASE_IMAGE=python:3.12-slim-bookworm
FROM ${BASE_IMAGE}
RUN python3 -m pip install --no-cache-dir uv
WORKDIR /rehearsal
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project --no-cache
COPY deploy deploy
COPY handler handler
COPY harness harness
COPY rehearsal.toml docker-compose.yml ./
RUN uv sync --frozen --no-dev --no-cache && mkdir -p /var/lib/rehearsal
ENV PATH=/rehearsal/.venv/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 4570
ENTRYPOINT ["python", "-m", "harness.emulator"]
CMD ["--host", "0.0.0.0", "--port", "4570", "--allow-host", "emulator", "--allow-host", "emulator-gpu", "--state-dir", "/var/lib/rehearsal", "--cloud-url", "http://localstack:4566", "--runtime", "process"]
