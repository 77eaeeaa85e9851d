/** Certificates that members are about to use, or have just ceased to use: believed beside those of the trust store. */

/** One certificate that counts as that of a member for a while. */
interface Announced {
  readonly name: string;
  readonly certificate: string;
  readonly timer: NodeJS.Timeout;
}

/** Kept in memory alone: after a restart the member table decides. */
export class AnnouncedCertificates {
  readonly #byFingerprint = new Map<string, Announced>();

  /** @param onChange called when a certificate begins or ceases to count */
  constructor(private readonly onChange: () => void) {}

  /** Lets `certificate` count as that of the member called `name` for `limitMs` from now, milliseconds. */
  add(name: string, certificate: string, fingerprint: string, limitMs: number): void {
    clearTimeout(this.#byFingerprint.get(fingerprint)?.timer);
    const timer = setTimeout(() => {
      this.#byFingerprint.delete(fingerprint);
      this.onChange();
    }, limitMs).unref();
    this.#byFingerprint.set(fingerprint, { name, certificate, timer });
    this.onChange();
  }

  /** Whose certificate this is, by its fingerprint. */
  find(fingerprint: string): { readonly name: string; readonly certificate: string } | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  /** All of them, of members called one of `names`. */
  certificatesOf(names: ReadonlySet<string>): string[] {
    return [...this.#byFingerprint.values()]
      .filter(({ name }) => names.has(name))
      .map(({ certificate }) => certificate);
  }

  /** Forgets all, without a word. */
  clear(): void {
    for (const { timer } of this.#byFingerprint.values()) clearTimeout(timer);
    this.#byFingerprint.clear();
  }
}
