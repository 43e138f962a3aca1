import type { Feature } from './feature.js'

export const tracing: Feature = {
  title: 'Traces with OpenTelemetry',
  owns: [
    'src/config/tracing.ts',
    'src/tracing',
    'docs/tracing.md',
    'test/helpers/collector.ts',
    'test/processes/tracing.test.ts',
    'test/processes/tracing-parts.test.ts',
  ],
  packages: [
    '@opentelemetry/api',
    '@opentelemetry/exporter-trace-otlp-proto',
    '@opentelemetry/resources',
    '@opentelemetry/sdk-trace-node',
  ],
  settings: [
    'OTEL_SDK_DISABLED',
    'OTEL_TRACES_EXPORTER',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  ],
  replacements: {
    'README.md': [
      [
        '[src/metrics](src/metrics), [src/tracing](src/tracing), [src/openapi]',
        '[src/metrics](src/metrics), [src/openapi]',
      ],
      ['Prometheus, OpenTelemetry, the API document', 'Prometheus, the API document'],
    ],
    'test/config/secrets.test.ts': [
      ["    'OTEL_EXPORTER_OTLP_ENDPOINT',\n    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',\n", ''],
    ],
    'CONTRIBUTING.md': [['overload, logs, traces, the bundled', 'overload, logs, the bundled']],
  },
}
