/** A reference between two parts of which each needs the other; bound before anything runs. */

/** Holds a value that is made later than what refers to it. */
export class LateBound<T extends object> {
  private value: T | undefined;

  constructor(private readonly what: string) {}

  set(value: T): void {
    this.value = value;
  }

  /** @throws TypeError when it was not bound, which is a mistake in the composition */
  get(): T {
    if (this.value === undefined) {
      throw new TypeError(`The ${this.what} is used before it was made`);
    }
    return this.value;
  }
}
