# The image of tufgate. Both bases can be replaced, for sites that cannot pull from Docker Hub and for a build on a
# machine without a network (--build-arg BUILD=… --build-arg BASE=…). They need nothing but node, and npm in BUILD; where node is older
# than 22.14 BUILD also needs what compiles better-sqlite3: python3, make, g++.
ARG BUILD=docker.io/library/node:24-bookworm-slim
ARG BASE=docker.io/library/node:24-bookworm-slim

FROM ${BUILD} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Scripts wait for the sources: `prepare` builds dist/. The better-sqlite3 of an older node is compiled before (docs/adr/0009).
RUN npm ci --ignore-scripts && { node -e "process.exit(process.versions.napi >= 10 ? 0 : 1)" || npm rebuild better-sqlite3; }
COPY tsconfig.json ./
COPY src ./src
COPY config ./config
RUN npm run build && npm prune --omit=dev --ignore-scripts && mkdir /empty

FROM ${BASE}
ENV NODE_ENV=production TUFGATE_CONFIG=/app/config/docker.yaml
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/config ./config
COPY --from=build /app/dist ./dist
COPY --from=build --chown=10001:10001 /empty /data
USER 10001:10001
VOLUME /data
EXPOSE 5000 5001
# TUFGATE_ADMIN: where this container's `admin` address is reached from inside, when the configuration changes it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["node", "-e", "fetch((process.env.TUFGATE_ADMIN ?? 'http://127.0.0.1:5001') + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
