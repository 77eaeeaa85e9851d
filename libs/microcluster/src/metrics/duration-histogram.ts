/** A histogram whose series are found once and then filled by a few additions: for what happens with every request. */
import { Histogram } from 'prom-client';
import type { MetricDefinition } from './metric-catalogue.js';

/** One series: durations of one combination of labels. */
export class Durations {
  /** How many fell between two bounds; the last above all. */
  readonly counts: number[];
  sum = 0;

  constructor(
    readonly labels: Readonly<Record<string, string>>,
    private readonly bounds: readonly number[],
  ) {
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Counts a duration, milliseconds. */
  observe(milliseconds: number): void {
    const { bounds, counts } = this;
    const seconds = milliseconds / 1000;
    let at = 0;
    // Past the end, nothing compares as smaller.
    while (seconds > (bounds[at] ?? Infinity)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += seconds;
  }
}

type Exposition = ReturnType<Histogram['get']>;

/** prom-client's own `observe` looks its series up by a text of all labels, which costs more than all else. */
export class DurationHistogram extends Histogram {
  private readonly series: Durations[] = [];
  private readonly bounds: readonly number[];
  /** Knows how prom-client describes a histogram. */
  private readonly empty: Histogram;

  constructor(
    private readonly definition: MetricDefinition,
    configuration: ConstructorParameters<typeof Histogram>[0],
  ) {
    super(configuration);
    this.bounds = definition.buckets ?? [];
    this.empty = new Histogram({ ...configuration, registers: [] });
  }

  /** A new series. Each combination of labels may be asked for once. */
  add(labels: Readonly<Record<string, string>>): Durations {
    const added = new Durations(labels, this.bounds);
    this.series.push(added);
    return added;
  }

  override async get(): Exposition {
    const values = this.series.flatMap((one) => this.valuesOf(one));
    return { ...(await this.empty.get()), values };
  }

  /** What the registry asks for, where it exists. */
  getForPromString(): Exposition {
    return this.get();
  }

  private valuesOf({ labels, counts, sum }: Durations) {
    const { name } = this.definition;
    let count = 0;
    const buckets = counts.map((inside, at) => {
      count += inside;
      const le = this.bounds[at] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
