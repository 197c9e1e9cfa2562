FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/embedded-mongo/package.json packages/embedded-mongo/
RUN npm ci
COPY . .
RUN node scripts/build.mjs
# Everything else is bundled: the database alone runs from its own files and libraries.
RUN npm ci --omit=dev --workspace embedded-mongo

FROM node:24-slim
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY --from=build --chown=node:node /app/package.json ./
COPY --from=build --chown=node:node /app/node_modules node_modules
COPY --from=build --chown=node:node /app/packages packages
COPY --from=build --chown=node:node /app/dist dist
COPY --from=build --chown=node:node /app/web/dist web/dist
COPY --from=build --chown=node:node /app/sandbox/page/dist sandbox/page/dist
COPY --from=build --chown=node:node /app/sandbox/company sandbox/company
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD node -e "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
CMD ["node", "dist/start.js"]
