# Debian's PostgreSQL 17, for the compose file only; Annex needs nothing of its own in the server.
FROM debian:trixie

RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends postgresql-17 \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data

COPY ops/compose/start-postgres /usr/local/bin/
COPY ops/compose/setup.sql /
ENV PATH=/usr/lib/postgresql/17/bin:$PATH \
    PGDATA=/var/lib/postgresql/data
EXPOSE 5432
VOLUME /var/lib/postgresql/data
USER postgres
HEALTHCHECK --interval=2s --timeout=3s --start-period=60s --retries=30 \
    CMD ["pg_isready", "-q", "-h", "127.0.0.1"]
STOPSIGNAL SIGINT
CMD ["start-postgres"]
