/** Tells a person what the demo does: numbered steps with their time, and what was seen in each. */

const colours = process.stdout.isTTY && !process.env['NO_COLOR'];
const paint = (code) => (text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);

const bold = paint('1');
const dim = paint('2');
const green = paint('32');
const red = paint('31');

/** Prints steps; the number of verified facts is counted for the last line. */
export class Narrator {
  #step = 0;
  #started = performance.now();
  #verified = 0;

  /** How many facts were verified. */
  get verified() {
    return this.#verified;
  }

  title(text) {
    console.log(bold(text));
  }

  /** Runs one step, and prints how long it took. */
  async step(text, work) {
    this.#step += 1;
    console.log(`\n${bold(`${this.#step}. ${text}`)}`);
    const began = performance.now();
    const result = await work();
    console.log(dim(`   ${seconds(performance.now() - began)}`));
    return result;
  }

  /** A command as the operator would type it. */
  command(text) {
    console.log(dim(`   $ ${text}`));
  }

  /** What a program printed. */
  output(text) {
    console.log(text.trimEnd().replaceAll(/^/gm, '   '));
  }

  note(text) {
    console.log(`   ${text}`);
  }

  /** A fact that was checked. Everything that the demo claims goes through here. */
  verify(fact, holds, seen) {
    if (!holds) throw new Error(`not true: ${fact}${seen === undefined ? '' : ` (seen: ${seen})`}`);
    this.#verified += 1;
    console.log(`   ${green('✓')} ${fact}`);
  }

  success(text) {
    console.log(`\n${green(bold(text))} ${dim(`(${seconds(performance.now() - this.#started)})`)}`);
  }

  failure(text) {
    console.error(`\n${red(bold('The demo failed:'))} ${text}`);
  }
}

/** Milliseconds as a person reads them. */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
