# The pipeline in a container, from a clone (not from a Git worktree):
#   docker build --tag spoken-digits .
#   docker run --rm spoken-digits
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make libportaudio2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home digits
USER digits
RUN mkdir /home/digits/spoken-digits
WORKDIR /home/digits/spoken-digits

COPY --chown=digits:digits . .
RUN make install
CMD ["make", "repro"]
