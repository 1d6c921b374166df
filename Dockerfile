# Openbell in a container. Build: docker build -t openbell .
# Run: docker run --rm -v openbell-data:/var/lib/openbell -v $PWD/tradeplan.yaml:/etc/openbell/tradeplan.yaml:ro openbell

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json bundle.mjs ./
COPY src ./src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    OPENBELL_DATA_DIR=/var/lib/openbell
RUN groupadd --system --gid 10001 openbell \
 && useradd --system --uid 10001 --gid openbell --home-dir /var/lib/openbell openbell \
 && install -d -o openbell -g openbell -m 0750 /var/lib/openbell /etc/openbell
WORKDIR /opt/openbell
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY tradeplan.example.yaml /etc/openbell/tradeplan.yaml
USER openbell
VOLUME ["/var/lib/openbell"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "dist/cli/openbell.js", "status", "--json"]
ENTRYPOINT ["node", "dist/cli/openbell.js"]
CMD ["trade", "/etc/openbell/tradeplan.yaml"]
