# The feed in a container; docs/operations.md says how to run it.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY kitefeed_cli kitefeed_cli
COPY scenarios scenarios
COPY cassettes cassettes
RUN python -m venv /opt/kitefeed \
    && /opt/kitefeed/bin/pip install --no-cache-dir ".[metrics,notify]"

FROM python:3.12-slim
COPY --from=build /opt/kitefeed /opt/kitefeed
# The token store, and the copies of Kite's lists, are in one folder, which is to be mounted: a file that is mounted by
# itself cannot be replaced, and each save of an access token does that.
ENV PATH=/opt/kitefeed/bin:$PATH \
    HOME=/feed \
    KITEFEED_ENV_FILE=/feed/.env
WORKDIR /feed
RUN chown 10001:10001 /feed && chmod 700 /feed
# A number, so that who forbids root can see that it is not; `docker run --user` may name another.
USER 10001:10001
VOLUME /feed
# Unhealthy while nothing serves: signed out, mute, stuck. Docker knows 0 and 1 alone.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD kitefeed status >/dev/null || exit 1
ENTRYPOINT ["kitefeed"]
CMD ["run"]
