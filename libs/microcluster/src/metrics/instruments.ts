/** Makes the instruments of prom-client that belong to the catalogue. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { DurationHistogram } from './duration-histogram.js';
import { METRICS, type MetricDefinition } from './metric-catalogue.js';

/** Those that are set when somebody asks, by their key in the catalogue. */
export interface Instruments {
  readonly info: Gauge;
  readonly databaseOpen: Gauge;
  readonly isLeader: Gauge;
  readonly hasLeader: Gauge;
  readonly leaderChanges: Counter;
  readonly role: Gauge;
  readonly members: Gauge;
  readonly heartbeatAge: Gauge;
  readonly transactionDuration: DurationHistogram;
  readonly transactionRetries: Counter;
  readonly unknownOutcomes: Counter;
  readonly poolSize: Gauge;
  readonly poolConnections: Gauge;
  readonly poolWaiting: Gauge;
  readonly requestDuration: DurationHistogram;
  readonly certificateExpiry: Gauge;
  readonly databaseSize: Gauge;
  readonly databaseDisk: Gauge;
}

/** Registers every metric of the catalogue in `registry`. */
export function makeInstruments(registry: Registry): Instruments {
  const settings = ({ name, help, labels }: MetricDefinition) => ({
    name,
    help: `${help}.`,
    labelNames: [...labels],
    registers: [registry],
  });
  const gauge = (definition: MetricDefinition) => new Gauge(settings(definition));
  const counter = (definition: MetricDefinition) => new Counter(settings(definition));
  const histogram = (definition: MetricDefinition) =>
    new DurationHistogram(definition, settings(definition));
  return {
    info: gauge(METRICS.info),
    databaseOpen: gauge(METRICS.databaseOpen),
    isLeader: gauge(METRICS.isLeader),
    hasLeader: gauge(METRICS.hasLeader),
    leaderChanges: counter(METRICS.leaderChanges),
    role: gauge(METRICS.role),
    members: gauge(METRICS.members),
    heartbeatAge: gauge(METRICS.heartbeatAge),
    transactionDuration: histogram(METRICS.transactionDuration),
    transactionRetries: counter(METRICS.transactionRetries),
    unknownOutcomes: counter(METRICS.unknownOutcomes),
    poolSize: gauge(METRICS.poolSize),
    poolConnections: gauge(METRICS.poolConnections),
    poolWaiting: gauge(METRICS.poolWaiting),
    requestDuration: histogram(METRICS.requestDuration),
    certificateExpiry: gauge(METRICS.certificateExpiry),
    databaseSize: gauge(METRICS.databaseSize),
    databaseDisk: gauge(METRICS.databaseDisk),
  };
}
