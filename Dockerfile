# A small image of the server that runs as nobody in particular. Built and run with:
#   docker build -t satchel . && docker run -p 127.0.0.1:4680:4680 -v satchel-data:/data satchel
FROM node:22-bookworm-slim AS build
# A compiler, in case the prebuilt binary of better-sqlite3 cannot be downloaded.
RUN apt-get update \
  && apt-get install -y --no-install-recommends build-essential python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN npm ci --no-audit --no-fund \
  && npm run build \
  && npm prune --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/build/Release/obj* \
    node_modules/sql.js/dist/*debug* node_modules/sql.js/dist/*asm.js

FROM node:22-bookworm-slim
ENV NODE_ENV=production \
  SATCHEL_HOST=0.0.0.0 \
  SATCHEL_DATA_DIR=/data
COPY --from=build /build/package.json /build/LICENSE /app/
COPY --from=build /build/node_modules /app/node_modules
COPY --from=build /build/libs/protocol/package.json /app/libs/protocol/
COPY --from=build /build/libs/protocol/dist /app/libs/protocol/dist
COPY --from=build /build/apps/server/package.json /app/apps/server/
COPY --from=build /build/apps/server/dist /app/apps/server/dist
COPY --from=build /build/apps/demo/dist /app/apps/demo/dist
COPY --from=build /build/docker /app/docker
RUN mkdir /data && chown node:node /data
USER node
WORKDIR /app
VOLUME /data
EXPOSE 4680
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "docker/healthy.js"]
# Node itself is process 1, so that SIGTERM reaches it and it drains.
CMD ["node", "apps/server/dist/main.js"]
